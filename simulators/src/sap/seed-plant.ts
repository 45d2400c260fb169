import { randomFrom } from "./gateway.ts";
import type { Plant } from "./plant.ts";

export interface SapSeedOptions {
  /** How many production orders; default 20. */
  orders?: number;
  /** Number of the first one; default 1000001. */
  firstOrder?: number;
  plant?: string;
  seed?: number;
}

const products = [
  {
    material: "PUMP-100",
    unit: "PCE",
    parts: [
      ["HOUSING-100", "1"],
      ["ROTOR-100", "1"],
      ["SEAL-8", "2"],
    ],
  },
  {
    material: "PUMP-200",
    unit: "PCE",
    parts: [
      ["HOUSING-200", "1"],
      ["ROTOR-100", "2"],
      ["SEAL-8", "4"],
    ],
  },
  {
    material: "VALVE-50",
    unit: "PCE",
    parts: [
      ["BODY-50", "1"],
      ["SEAL-8", "1"],
    ],
  },
] as const;

/** A small plant: released orders for pumps and valves with two operations each, and stock of what they need. */
export function seedSapPlant(plant: Plant, options: SapSeedOptions = {}): string[] {
  const { orders = 20, firstOrder = 1_000_001, plant: site = "1010", seed = 1 } = options;
  const random = randomFrom(seed);
  for (const { material, unit } of products) plant.addMaterial({ material, unit });
  for (const part of new Set(products.flatMap(({ parts }) => parts.map(([name]) => name)))) {
    plant.addMaterial({ material: part, unit: "PCE" });
    plant.setStock({ material: part, plant: site, storageLocation: "0001", quantity: "1000000" });
  }
  const { date } = plant.today();
  const numbers: string[] = [];
  for (let i = 0; i < orders; i++) {
    const product = products[i % products.length] ?? products[0];
    const quantity = 10 + Math.floor(random() * 90);
    const order = String(firstOrder + i);
    plant.addOrder({
      order,
      material: product.material,
      plant: site,
      quantity: String(quantity),
      unit: product.unit,
      operations: [
        { operation: "0010", workCenter: "ASSEMBLY", text: "Assemble" },
        { operation: "0020", workCenter: "TEST", text: "Test and pack" },
      ],
      components: product.parts.map(([material, each]) => ({
        material,
        quantity: String(Number(each) * quantity),
        unit: "PCE",
        operation: "0010",
        backflush: true,
      })),
      start: { date, time: "06:00:00" },
      end: { date, time: "14:00:00" },
    });
    numbers.push(order);
  }
  return numbers;
}
