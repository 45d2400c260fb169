import { Command } from "commander";
import type { Terminal } from "../terminal.ts";
export function demoCommand(_terminal: Terminal): Command {
  return new Command("demo");
}
