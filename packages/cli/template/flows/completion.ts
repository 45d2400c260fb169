import { flow } from "@lineshaft/engine";
import { completion } from "@lineshaft/model";
import { enter } from "../systems/day-book.ts";

// What the plant reports as made is entered in the day book. A field that the contract or the day book does not know
// does not compile: try `report.productionOrdr`.
export const completions = flow("completions", completion, { owner: "production control" }).to(enter, (report) => ({
  order: report.productionOrder,
  made: `${report.yield.value} ${report.yield.unit}`,
  scrapped: (report.scrap ?? []).map(({ quantity, reason }) => `${quantity.value} ${quantity.unit} (${reason})`),
  finished: report.final,
  at: report.time,
}));
