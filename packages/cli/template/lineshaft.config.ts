import { defineHub } from "@lineshaft/engine";
import { httpIntake } from "@lineshaft/http";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { completion } from "@lineshaft/model";
import { completions } from "./flows/completion.ts";
import { dayBook } from "./systems/day-book.ts";

// Terminals and machines report here: POST http://127.0.0.1:7071/v1/facts/completion.v1
const terminals = httpIntake({ name: "terminals", port: 7071, contracts: [completion] });

export default defineHub({
  name: "my plant",
  ledger: sqlite({ path: ".lineshaft/ledger.db" }),
  systems: [terminals, dayBook],
  flows: [completions],
});
