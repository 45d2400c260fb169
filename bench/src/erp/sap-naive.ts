import { OPERATION } from "./simulators-protocol.ts";

/** How the naive loop reaches an SAP. */
export interface NaiveSap {
  url: string;
  username: string;
  password: string;
  client?: string;
}

const SERVICE = "/sap/opu/odata/sap/API_PROD_ORDER_CONFIRMATION_2_SRV";

/**
 * Confirms orders one by one, each with a CSRF token fetched for it, as public client libraries do.
 * @returns ms
 */
export async function confirmNaively(sap: NaiveSap, orders: readonly string[]): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${sap.username}:${sap.password}`).toString("base64")}`;
  const client = sap.client === undefined ? {} : { "sap-client": sap.client };
  const headers = { authorization, accept: "application/json", ...client };
  const startedAt = performance.now();
  for (const order of orders) {
    const opened = await fetch(`${sap.url}${SERVICE}/`, { headers: { ...headers, "x-csrf-token": "Fetch" } });
    await opened.text();
    const token = opened.headers.get("x-csrf-token") ?? "";
    const cookie = opened.headers
      .getSetCookie()
      .map((each) => each.split(";")[0])
      .join("; ");
    const body = JSON.stringify({
      OrderID: order.padStart(12, "0"),
      OrderOperation: OPERATION,
      ConfirmationYieldQuantity: "1",
      ConfirmationUnitISOCode: "PCE",
      FinalConfirmationType: "",
      IsFinalConfirmation: false,
    });
    const response = await fetch(`${sap.url}${SERVICE}/ProdnOrdConf2`, {
      method: "POST",
      headers: { ...headers, "x-csrf-token": token, cookie, "content-type": "application/json" },
      body,
    });
    const text = await response.text();
    if (response.status !== 201)
      throw new Error(`SAP answered ${response.status} for order ${order}: ${text.slice(0, 300)}`);
  }
  return performance.now() - startedAt;
}
