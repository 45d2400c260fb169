/** A product as the plant's simulator makes it. */
export interface MesProduct {
  product: string;
  /** UN/ECE code of its unit. */
  unit: string;
  /** Digits after the decimal point that quantities of it have. */
  scale: number;
  tracking: "none" | "lot";
  /** Parts of one unit of product. `each` is a decimal; a `lot` stands for parts that carry one. */
  parts: readonly { product: string; each: string; unit: string; lot?: string; location: string }[];
  /** What falls off: so much of it per unit of product. */
  byProduct?: { product: string; each: string; unit: string };
}

/** An order the plant has to work off. */
export interface MesOrder {
  productionOrder: string;
  product: string;
  /** A decimal in the product's unit. */
  quantity: string;
  operation: string;
  workCenter: string;
}

export interface MesPlant {
  site: string;
  /** Minutes by which the plant's clocks are ahead of UTC. */
  offsetMinutes: number;
  workCenters: readonly string[];
  products: readonly MesProduct[];
  /** Shifts by name, each from this hour of the plant's day. In order of the hour. */
  shifts: readonly { shift: string; fromHour: number }[];
}

const part = (product: string, each: string) => ({ product, each, unit: "C62", location: "WIP-1" });

/** A small plant for pumps, valves and compound, in three shifts. Its orders fit those of the other simulators. */
export const smallPlant: MesPlant = {
  site: "1010",
  offsetMinutes: 60,
  workCenters: ["ASSEMBLY", "PRESS-04", "MIXER-2"],
  shifts: [
    { shift: "night", fromHour: 22 },
    { shift: "early", fromHour: 6 },
    { shift: "late", fromHour: 14 },
  ].sort((a, b) => a.fromHour - b.fromHour),
  products: [
    {
      product: "PUMP-100",
      unit: "C62",
      scale: 0,
      tracking: "none",
      parts: [part("HOUSING-100", "1"), part("ROTOR-100", "1"), part("SEAL-8", "2")],
    },
    {
      product: "PUMP-200",
      unit: "C62",
      scale: 0,
      tracking: "lot",
      parts: [part("HOUSING-200", "1"), part("ROTOR-100", "2"), part("SEAL-8", "4")],
      byProduct: { product: "CHIPS-AL", each: "0.12", unit: "KGM" },
    },
    {
      product: "VALVE-50",
      unit: "C62",
      scale: 0,
      tracking: "none",
      parts: [part("BODY-50", "1"), part("SEAL-8", "1")],
    },
    {
      product: "COMPOUND-7",
      unit: "KGM",
      scale: 1,
      tracking: "lot",
      parts: [
        { product: "GRANULATE-3", each: "0.9", unit: "KGM", lot: "G-771", location: "SILO-1" },
        { product: "PIGMENT-9", each: "0.1", unit: "KGM", lot: "P-014", location: "WIP-1" },
      ],
    },
  ],
};

/** The shift at a time. A shift may reach over midnight. */
export function shiftAt(plant: MesPlant, ms: number): string {
  const hour = Math.floor(((ms / 60_000 + plant.offsetMinutes) / 60) % 24);
  const running = plant.shifts.findLast(({ fromHour }) => fromHour <= hour) ?? plant.shifts.at(-1);
  return running?.shift ?? "day";
}

/** The first change of shift after a time, ms since 1970. */
export function nextShiftChange(plant: MesPlant, ms: number): number {
  const midnight = Math.floor((ms + plant.offsetMinutes * 60_000) / DAY_MS) * DAY_MS - plant.offsetMinutes * 60_000;
  const changes = [0, DAY_MS].flatMap((day) => plant.shifts.map(({ fromHour }) => midnight + day + fromHour * HOUR_MS));
  return changes.find((change) => change > ms) ?? ms + DAY_MS;
}

/** A time as the plant writes it, with its zone: `2026-01-05T06:45:00+01:00`. */
export function plantTime(plant: MesPlant, ms: number): string {
  const { offsetMinutes } = plant;
  const local = new Date(Math.round(ms / 1000) * 1000 + offsetMinutes * 60_000).toISOString().slice(0, 19);
  const ahead = Math.abs(offsetMinutes);
  return `${local}${offsetMinutes < 0 ? "-" : "+"}${twoDigits(Math.floor(ahead / 60))}:${twoDigits(ahead % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
