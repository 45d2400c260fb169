import type { Clock, Ledger, SystemDefinition } from "@lineshaft/core";
import type { FleetRow, GatewayIntake } from "@lineshaft/gateway";
import type { GatewayRow, ReadFleet } from "@lineshaft/server";

/** The gateway intakes among a hub's systems. */
export function gatewayIntakes(systems: readonly SystemDefinition[]): GatewayIntake[] {
  return systems.filter((system): system is GatewayIntake => "fleet" in system && "publish" in system);
}

/** Reads all gateways of a hub from its ledger; undefined where it has no gateway intake. */
export function fleetOf(systems: readonly SystemDefinition[], ledger: Ledger, clock: Clock): ReadFleet | undefined {
  const intakes = gatewayIntakes(systems);
  if (intakes.length === 0) return undefined;
  return async () => {
    const rows = await Promise.all(intakes.map((intake) => intake.fleet(ledger, clock.now())));
    return rows.flat().map(gatewayRow);
  };
}

/** What a hub knows of a gateway, as screens and metrics show it. */
function gatewayRow({ report, wanted, refused, ...row }: FleetRow): GatewayRow {
  const { gateway, linked, since, heardAt, factsAt, skewMs, certificateTo, unpublished } = row;
  const refusal = report?.refusedConfiguration;
  // One that it refused long ago is no news once another one is wanted.
  const told = refusal !== undefined && (refusal.serial === 0 || refusal.serial === wanted?.serial);
  return definedOnly({
    gateway,
    linked,
    since,
    heardAt,
    factsAt,
    facts: report?.facts,
    bytes: report?.bytes,
    maxBytes: report?.maxBytes,
    oldest: report?.oldest,
    shed: report?.shed,
    holdingSince: report?.holdingSince,
    skewMs,
    certificateTo,
    program: report?.program,
    configuration: report?.configuration?.version,
    wanted: wanted?.version,
    configurationRefusal: told ? refusal.message : undefined,
    unpublished,
    refused: refused && `${refused.message} ${refused.next}`,
    problem: report?.problem,
    aside: report?.aside,
  });
}

/** Without what is missing, as JSON has it. */
function definedOnly<T extends object>(row: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T;
}
