import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationValue } from "../operations.ts";
import type { OdooOptions } from "../odoo.ts";
import { fresh, Shop, type Peer, type Row } from "./shop.ts";

/** One request for one stop, whatever is told of it later, and an alert that a planner sees and that ends. */
export function maintenanceCases(peer: Peer): void {
  for (const mode of ["provisioned", "plain"] as const)
    describe(`requests for maintenance, ${mode}`, () => requestCases(peer, { mode }));
  describe("alerts for planners", () => alertCases(peer));
}

function requestCases(peer: Peer, options: Partial<OdooOptions>): void {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open(peer, options);
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  const request = async (value: OperationValue<"requestMaintenance">) => {
    const [outcome] = await shop.send("requestMaintenance", value);
    if (outcome?.kind !== "done") throw new Error(JSON.stringify(outcome));
    return outcome.receipt;
  };
  const requests = (title: string): Promise<Row[]> =>
    shop.rows("maintenance.request", [["name", "=", title]], ["stage_id", "duration", "close_date"]);

  test("what is told later of the same stop goes to its request, and a second one is not made", async () => {
    const [title, about] = [fresh("Stop"), fresh("about")];
    const first = await request({ title, about, description: "Stands still." });
    expect(await request({ title, about, description: "Ran again.", hours: "2.5" })).toBe(first);
    expect(await requests(title)).toMatchObject([{ duration: 2.5, close_date: false }]);
    expect(await request({ title, about: fresh("about"), description: "Stands still." })).not.toBe(first);
  });

  test("a request is closed where the plant says that it is over with the stop", async () => {
    const [title, about] = [fresh("Stop"), fresh("about")];
    await request({ title, about });
    await request({ title, about, close: true });
    const [closed, ...more] = await requests(title);
    expect([closed?.["close_date"], more]).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d$/), []]);
  });

  test("what only updates makes nothing when nothing stands", async () => {
    const title = fresh("Stop");
    expect(await request({ title, about: fresh("about"), create: false, description: "Ran again." })).toBe(
      "no request to update",
    );
    expect(await requests(title)).toEqual([]);
  });

  test("an alarm that comes again has a new request once the one before was closed", async () => {
    const [title, about] = [fresh("Alarm"), fresh("about")];
    const again = { title, about, recurring: true };
    const first = await request(again);
    expect(await request(again)).toBe(first);
    await request({ ...again, close: true });
    expect(await request(again)).not.toBe(first);
    expect(await requests(title)).toHaveLength(2);
  });
}

function alertCases(peer: Peer): void {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open(peer);
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  const activities = (title: string): Promise<Row[]> =>
    shop.rows(
      "mail.activity",
      [
        ["summary", "=", title],
        ["active", "=", true],
      ],
      ["res_model", "res_id", "user_id"],
    );

  test("an alert is a warning at the open order, one for each stop, and ends with it", async () => {
    const { product } = await shop.assembly();
    const order = await shop.order(product, 3);
    const [title, about] = [fresh("Press stands still"), fresh("stop")];
    const alert = { order, about, title, text: "Since 06:00.", planner: peer.adminLogin };
    await shop.apply("alertPlanner", alert);
    await shop.apply("alertPlanner", { ...alert, text: "Since 06:00, no spare part." });
    const [{ id } = { id: 0 }] = await shop.orders(order);
    const [planner] = await shop.rows("res.users", [["login", "=", peer.adminLogin]], ["display_name"]);
    expect(await activities(title)).toMatchObject([
      { res_model: "mrp.production", res_id: id, user_id: [planner?.id, planner?.["display_name"]] },
    ]);
    await shop.apply("alertPlanner", { ...alert, text: "Ran again at 07:00.", over: true });
    expect(await activities(title)).toEqual([]);
    await shop.apply("alertPlanner", { ...alert, about: fresh("stop"), over: true });
    expect(await activities(title)).toEqual([]);
  });

  test("a planner that Odoo does not know is refused", async () => {
    const { product } = await shop.assembly();
    const alert = { order: await shop.order(product, 3), about: fresh("stop"), title: "Stop", text: "Since 06:00." };
    const [outcome] = await shop.send("alertPlanner", { ...alert, planner: fresh("nobody") });
    expect(outcome).toMatchObject({ kind: "rejected", reason: "user-unknown" });
  });
}
