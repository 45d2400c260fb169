import type { Env } from "../env.ts";
import { userError } from "../errors.ts";
import { boolean, char, datetime, html, many2many, many2one, one2many, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { wizard } from "../production/wizards.ts";
import { finishMoves } from "../stock/finish.ts";
import { reserve, unreserve } from "../stock/reserve.ts";
import { compareQuantity, num, ref, refs, roundTo, text } from "../values.ts";
import type { JsonObject, Row } from "../values.ts";
import { idsIn } from "../production/complete.ts";
import { company } from "./company.ts";

const states = ["draft", "waiting", "confirmed", "assigned", "done", "cancel"];

export const pickingModels: Model[] = [
  {
    name: "stock.picking",
    label: "Transfer",
    order: "priority desc, scheduled_date, id desc",
    fields: {
      name: char("Reference", { indexed: true, copied: false }),
      origin: char("Source Document", { indexed: true }),
      note: html("Notes"),
      priority: selection("Priority", ["0", "1"], { default: "0" }),
      partner_id: many2one("Contact", "res.partner"),
      picking_type_id: many2one("Operation Type", "stock.picking.type", { required: true }),
      picking_type_code: selection("Type of Operation", [], {
        compute: (env, row) => env.find("stock.picking.type", ref(row.picking_type_id))?.code ?? false,
      }),
      location_id: many2one("Source Location", "stock.location", { required: true }),
      location_dest_id: many2one("Destination Location", "stock.location", { required: true }),
      scheduled_date: datetime("Scheduled Date", { default: (env) => env.now }),
      date_deadline: datetime("Deadline"),
      date_done: datetime("Date of Transfer", { copied: false }),
      backorder_id: many2one("Back Order of", "stock.picking", { copied: false }),
      backorder_ids: one2many("Back Orders", "stock.picking", "backorder_id"),
      move_ids: one2many("Stock Moves", "stock.move", "picking_id"),
      move_ids_without_package: one2many("Stock move", "stock.move", "picking_id", { until: 18 }),
      move_line_ids: one2many("Operations", "stock.move.line", "picking_id"),
      state: selection("Status", states, { compute: stateOf }),
      is_locked: boolean("Is Locked", { default: true }),
      company_id: company,
    },
    methods: {
      action_confirm: press((env, rows) => (rows.forEach((row) => confirm(env, row)), true)),
      action_assign: press((env, rows) => (rows.forEach((row) => assign(env, row)), true)),
      do_unreserve: press(
        (env, rows) => (rows.forEach((row) => movesOf(env, row).forEach((m) => unreserve(env, m))), null),
      ),
      action_cancel: press((env, rows) => (rows.forEach((row) => cancel(env, row)), true)),
      button_validate: press(validate),
    },
    prepare: (env, values) => {
      const type = env.find("stock.picking.type", ref(values.picking_type_id));
      values.location_id ??= type?.default_location_src_id ?? false;
      values.location_dest_id ??= type?.default_location_dest_id ?? false;
      if (!values.name && type) {
        const number = env.db.next(`stock.picking ${text(type.sequence_code)}`);
        values.name = `WH/${text(type.sequence_code)}/${String(number).padStart(5, "0")}`;
      }
    },
  },
  {
    name: "stock.backorder.confirmation",
    label: "Backorder Confirmation",
    transient: true,
    fields: { pick_ids: many2many("Pick", "stock.picking") },
    created: (env, row, given) => {
      const picks = env.context.default_pick_ids;
      if (!given.has("pick_ids") && Array.isArray(picks))
        env.write("stock.backorder.confirmation", row, { pick_ids: picks });
    },
    methods: {
      process: confirmation((env, pickings) => validate(env.withContext({ skip_backorder: true }), pickings)),
      process_cancel_backorder: confirmation((env, pickings) =>
        validate(
          env.withContext({ skip_backorder: true, picking_ids_not_to_backorder: pickings.map((row) => row.id) }),
          pickings,
        ),
      ),
    },
  },
];

function press(run: (env: Env, rows: readonly Row[]) => unknown) {
  return {
    on: "records" as const,
    params: [],
    needs: "write" as const,
    movesStock: true,
    run: (env: Env, ids: readonly number[]) => run(env, env.many("stock.picking", ids)),
  };
}

function confirmation(run: (env: Env, pickings: readonly Row[]) => unknown) {
  return {
    on: "records" as const,
    params: [],
    movesStock: true,
    run: (env: Env, ids: readonly number[]) => {
      const row = env.one("stock.backorder.confirmation", ids[0]);
      return run(env, env.many("stock.picking", refs(row.pick_ids)));
    },
  };
}

function movesOf(env: Env, picking: Row): Row[] {
  return env
    .of("stock.move", "picking_id", picking.id)
    .filter((move) => move.state !== "done" && move.state !== "cancel");
}

function stateOf(env: Env, picking: Row): string {
  const moves = env.of("stock.move", "picking_id", picking.id);
  if (moves.length === 0) return "draft";
  if (moves.every((move) => move.state === "cancel")) return "cancel";
  if (moves.every((move) => move.state === "done" || move.state === "cancel")) return "done";
  if (moves.some((move) => move.state === "draft")) return "draft";
  return moves.every((move) => ["assigned", "done", "cancel"].includes(String(move.state))) ? "assigned" : "confirmed";
}

function confirm(env: Env, picking: Row): void {
  for (const move of movesOf(env, picking))
    if (move.state === "draft") env.set("stock.move", move, { state: "confirmed" });
  assign(env, picking);
}

function assign(env: Env, picking: Row): void {
  for (const move of movesOf(env, picking)) {
    if (move.state === "draft") env.set("stock.move", move, { state: "confirmed" });
    reserve(env, move);
  }
}

function cancel(env: Env, picking: Row): void {
  for (const move of movesOf(env, picking)) {
    env.write("stock.move", move, { picked: false });
    unreserve(env, move);
    env.set("stock.move", move, { state: "cancel" });
  }
}

/**
 * True: done. A dict asks what shall become of the rest, with nothing done. Once a move is picked, those not picked are
 * left for the backorder. A second validation: 18 and 19 say true, 17 refuses.
 */
function validate(env: Env, pickings: readonly Row[]): unknown {
  const open = pickings.filter((picking) => movesOf(env, picking).length > 0);
  if (open.length === 0) {
    if (env.version >= 18) return true;
    throw userError("You cannot validate a transfer that is already done or cancelled.");
  }
  for (const picking of open) {
    if (stateOf(env, picking) === "draft") confirm(env, picking);
    pickAll(env, picking);
  }
  const asking = open.filter((picking) => asksForBackorder(env, picking));
  if (asking.length > 0) return backorderQuestion(env, asking);
  for (const picking of open) transfer(env, picking);
  return true;
}

/** Nothing picked at all means everything that is reserved. */
function pickAll(env: Env, picking: Row): void {
  const moves = movesOf(env, picking);
  if (moves.some((move) => move.picked === true)) return;
  if (moves.every((move) => compareQuantity(num(move.quantity), 0) === 0))
    throw userError(
      "You cannot validate a transfer if no quantities are reserved. To force the transfer, encode quantities.",
    );
  for (const move of moves) env.write("stock.move", move, { picked: true });
}

function asksForBackorder(env: Env, picking: Row): boolean {
  if (env.context.skip_backorder === true) return false;
  const type = env.find("stock.picking.type", ref(picking.picking_type_id));
  return type?.create_backorder === "ask" && movesOf(env, picking).some((move) => restOf(move) > 0);
}

function restOf(move: Row): number {
  const taken = move.picked === true ? num(move.quantity) : 0;
  return roundTo(num(move.product_uom_qty) - taken, 6);
}

function backorderQuestion(env: Env, pickings: readonly Row[]) {
  return wizard("stock.backorder.confirmation", "Create Backorder?", {
    ...env.context,
    default_show_transfers: pickings.length > 1,
    default_pick_ids: pickings.map((picking) => [4, picking.id]),
    button_validate_picking_ids: pickings.map((picking) => picking.id),
  });
}

function transfer(env: Env, picking: Row): void {
  const moves = movesOf(env, picking);
  const rests = moves.map((move) => ({ move, rest: restOf(move) })).filter(({ rest }) => rest > 0);
  const dropped = idsIn(env.context.picking_ids_not_to_backorder).includes(picking.id);
  if (rests.length > 0 && !dropped) carryRest(env, picking, rests);
  for (const { move, rest } of rests)
    env.set("stock.move", move, { product_uom_qty: roundTo(num(move.product_uom_qty) - rest, 6) });
  finishMoves(
    env,
    moves.filter((move) => move.picking_id === picking.id),
  );
  env.set("stock.picking", picking, { date_done: env.now });
}

/** The rest goes to a new transfer; a move of which nothing was taken moves over as it is. */
function carryRest(env: Env, picking: Row, rests: readonly { move: Row; rest: number }[]): void {
  const values: JsonObject = {};
  for (const name of ["origin", "partner_id", "picking_type_id", "location_id", "location_dest_id", "scheduled_date"])
    values[name] = picking[name] as string | number | false;
  const backorder = env.create("stock.picking", { ...values, backorder_id: picking.id });
  for (const { move, rest } of rests) {
    const carried = env.create("stock.move", {
      product_id: move.product_id as number,
      product_uom: move.product_uom as number,
      product_uom_qty: rest,
      location_id: move.location_id as number,
      location_dest_id: move.location_dest_id as number,
      picking_id: backorder.id,
      picking_type_id: move.picking_type_id as number | false,
      origin: move.origin as string | false,
      reference: text(backorder.name),
      state: "confirmed",
    });
    if (move.picked !== true) unreserve(env, move);
    reserve(env, carried);
  }
}
