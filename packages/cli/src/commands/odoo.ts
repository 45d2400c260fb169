import { LineshaftError } from "@lineshaft/core";
import { type Odoo, provision } from "@lineshaft/odoo";
import { Command } from "commander";
import { loadProject } from "../project.ts";
import { secretAt } from "../reference.ts";
import type { Terminal } from "../terminal.ts";

interface ProvisionOptions {
  config?: string;
  adminLogin: string;
  adminKey: string;
  outbox?: true | string;
}

export function odooCommand(terminal: Terminal): Command {
  return new Command("odoo").description("Odoo systems").addCommand(provisionCommand(terminal));
}

function provisionCommand(terminal: Terminal): Command {
  return new Command("provision")
    .description("install in an Odoo what the hub needs there, once, as an administrator")
    .argument("<system>", "its name in the configuration")
    .requiredOption("--admin-login <login>", "an administrator's login; used now and not kept")
    .requiredOption("--admin-key <reference>", "where the administrator's key or password is: env:NAME or file:PATH")
    .option(
      "--outbox [models]",
      "let Odoo note down changes for the hub: of these models (comma between), or of orders and products",
    )
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .action(async (name: string, options: ProvisionOptions) => {
      const { definition } = await loadProject(options);
      const system = definition.systems.find((s) => s.name === name);
      if (system?.connector !== "odoo")
        throw new LineshaftError("not-found", `There is no Odoo called ${name} in the configuration.`, {
          next: `Name one of: ${
            definition.systems
              .filter((s) => s.connector === "odoo")
              .map((s) => s.name)
              .join(", ") || "(it has none)"
          }.`,
        });
      const { url, database, login } = (system as Odoo).address;
      terminal.progress(`Looking into ${url} …`);
      const report = await provision({
        url,
        database,
        hubLogin: login,
        adminLogin: options.adminLogin,
        adminKey: secretAt("--admin-key", options.adminKey, "ODOO_ADMIN_KEY"),
        ...(options.outbox !== undefined && { outbox: options.outbox === true ? true : options.outbox.split(",") }),
      });
      terminal.result(report, ({ version, code, steps }) =>
        [...steps, `${name} (Odoo ${version}) is ready for the hub; action ${code}.`].join("\n"),
      );
    });
}
