import { Command } from "commander";
import type { Terminal } from "../terminal.ts";
export function odooCommand(_terminal: Terminal): Command {
  return new Command("odoo");
}
