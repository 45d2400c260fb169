import type { SystemDefinition } from "@lineshaft/core";
import type { ModbusOptions } from "./options.ts";
import { compileMap, limitsOf } from "./register-map.ts";
import { ModbusTagSource } from "./tag-source.ts";

/** A device as configured. */
export interface Modbus extends SystemDefinition {
  /** UN/ECE codes of the tags that have one. */
  readonly units: Readonly<Record<string, string>>;
}

/**
 * A Modbus TCP device as a source of facts. Its source is named `tags`. It reads coils, discrete inputs, input and holding
 * registers by function codes 1 to 4; there is no code that writes.
 *
 * @throws LineshaftError `config-invalid`
 */
export function modbus(options: ModbusOptions): Modbus {
  const points = compileMap(options);
  const { name, host, port = 502, unit = 1, facts, dial } = options;
  return {
    name,
    connector: "modbus",
    sources: ["tags"],
    units: unitsOf(options),
    async open({ clock }) {
      const limits = limitsOf(options);
      const tags = new ModbusTagSource({ name, host, port, unit, limits, clock, dial }, points);
      return {
        targets: {},
        sources: { tags: facts(tags) },
        check: (signal) => tags.check(signal),
        // A run holds its connection, and ends it with its signal.
        close: async () => {},
      };
    },
  };
}

function unitsOf({ registers }: ModbusOptions): Record<string, string> {
  return Object.fromEntries(
    Object.entries(registers).flatMap(([tag, { unit }]) => (unit === undefined ? [] : [[tag, unit]])),
  );
}
