import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hub, defineHub, flow, openHub } from "@lineshaft/engine";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { MemorySystem, type Note, note } from "@lineshaft/testing";
import type { FaultOffer, FaultSwitchboard } from "../faults.ts";
import type { ReadFleet } from "../fleet.ts";
import { type HubServer, serveHub } from "../serve-hub.ts";
import { type Telemetry, startTelemetry } from "../telemetry.ts";

/** A hub with one flow to one system in this process, its telemetry and its server. */
export class ServedPlant {
  readonly erp: MemorySystem<Note>;
  readonly hub: Hub;
  readonly server: HubServer;
  readonly #telemetry: Telemetry;
  readonly #folder: string;

  private constructor(parts: {
    erp: MemorySystem<Note>;
    hub: Hub;
    server: HubServer;
    telemetry: Telemetry;
    folder: string;
  }) {
    this.erp = parts.erp;
    this.hub = parts.hub;
    this.server = parts.server;
    this.#telemetry = parts.telemetry;
    this.#folder = parts.folder;
  }

  static async open({
    faults,
    fleet,
    start = true,
  }: { faults?: FaultSwitchboard; fleet?: ReadFleet; start?: boolean } = {}): Promise<ServedPlant> {
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-server-"));
    const erp = new MemorySystem<Note>("erp");
    const definition = defineHub({
      name: "served plant",
      ledger: sqlite({ path: join(folder, "ledger.db") }),
      systems: [erp.definition],
      flows: [flow("notes", note, { owner: "testers" }).to(erp.operation, (n) => ({ id: n.id, key: n.key }))],
    });
    const telemetry = await startTelemetry({ service: "served plant", environment: {} });
    const hub = await openHub(definition);
    const server = await serveHub({ hub, port: 0, telemetry, ...(faults && { faults }), ...(fleet && { fleet }) });
    if (start) await hub.start();
    return new ServedPlant({ erp, hub, server, telemetry, folder });
  }

  record(value: Note): Promise<unknown> {
    return this.hub.intake("terminal").record({ contract: "note.v1", raw: JSON.stringify(value) });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.server.url}${path}`, { headers });
  }

  post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.server.url}${path}`, { method: "POST", body, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.stop();
    await this.server.close();
    await this.#telemetry.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A switchboard that only remembers what it was told. */
export class RememberingSwitchboard implements FaultSwitchboard {
  readonly told: string[] = [];

  offers(): FaultOffer[] {
    return [{ system: "erp", fault: "outage", title: "Go away", effect: "It refuses every connection." }];
  }

  inject(system: string, fault: string): void {
    this.told.push(`${system} ${fault}`);
  }

  clear(system: string): void {
    this.told.push(`${system} none`);
  }
}
