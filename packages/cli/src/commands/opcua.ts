import { LineshaftError } from "@lineshaft/core";
import type { BrowsedNode, OpcUa, PkiFolder, StoredCertificate } from "@lineshaft/opcua";
import { Command } from "commander";
import { loadProject } from "../project.ts";
import type { Column } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Nodes of one page. */
const PAGE_ROWS = 100;
/** Fewer digits of a fingerprint than these are no comparison. */
const FINGERPRINT_DIGITS = 8;

export function opcuaCommand(terminal: Terminal): Command {
  return new Command("opcua")
    .description("OPC UA servers")
    .addCommand(browseCommand(terminal))
    .addCommand(trustCommand(terminal));
}

function browseCommand(terminal: Terminal): Command {
  return new Command("browse")
    .description("list what a server has, with node ids ready for the configuration")
    .argument("<system>", "its name in the configuration, or opc.tcp://host:4840 (anonymous, without security)")
    .argument("[path]", "names from the Objects folder on, Machines/Press, or a node id", "")
    .option("--page <number>", `page of ${PAGE_ROWS} nodes`, "1")
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .action(async (name: string, path: string, options: { page: string; config?: string }) => {
      const page = Number(options.page);
      if (!Number.isInteger(page) || page < 1)
        throw new LineshaftError("usage", `There is no page ${options.page}.`, { next: "Pages begin with 1." });
      terminal.progress(`Looking into ${name} …`);
      const server = await serverOf(name, options);
      const { rows, more } = await server.browse(path);
      const listed = terminal.json ? rows : rows.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);
      terminal.list(listed, columns, "Nothing is there.");
      const pages = Math.ceil(rows.length / PAGE_ROWS);
      if (pages > 1 && !terminal.json)
        terminal.note(`Page ${page} of ${pages}, ${rows.length}${more ? " and more" : ""} nodes; --page shows others.`);
    });
}

const columns: readonly Column<BrowsedNode>[] = [
  { title: "name", show: (row) => row.name, flexible: true },
  { title: "kind", show: (row) => row.kind },
  { title: "type", show: (row) => row.dataType },
  { title: "value", show: (row) => row.value, flexible: true },
  // Never cut: it is there to be copied.
  { title: "node", show: (row) => row.node },
];

function trustCommand(terminal: Terminal): Command {
  return new Command("trust")
    .description("trust a server's certificate that was rejected, by its fingerprint")
    .argument("<system>", "its name in the configuration")
    .argument("[fingerprint]", "the SHA-256 fingerprint as the server shows it; its beginning will do")
    .option("--list", "show the trusted certificates, too")
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .action(async (name: string, fingerprint: string | undefined, options: { list?: true; config?: string }) => {
      const { pki } = await systemOf(name, options);
      if (fingerprint !== undefined) return trust(terminal, name, pki, fingerprint);
      const rows = [...told("rejected", pki), ...(options.list ? told("trusted", pki) : [])];
      terminal.list(rows, certificateColumns, `Nothing was rejected for ${name}.`);
      if (pki.list("rejected").length > 0 && !terminal.json)
        terminal.note(`Compare with the machine, then: lineshaft opcua trust ${name} <fingerprint>`);
    });
}

interface CertificateRow {
  list: "rejected" | "trusted";
  subject: string;
  fingerprint: string;
  validTo: string;
  file: string;
}

const certificateColumns: readonly Column<CertificateRow>[] = [
  { title: "list", show: (row) => row.list },
  { title: "subject", show: (row) => row.subject, flexible: true },
  { title: "valid to", show: (row) => row.validTo },
  { title: "fingerprint (SHA-256)", show: (row) => row.fingerprint },
];

function told(list: CertificateRow["list"], pki: PkiFolder): CertificateRow[] {
  return pki.list(list).map(({ path, x509 }) => ({
    list,
    subject: subjectOf({ x509 }),
    fingerprint: x509.fingerprint256,
    validTo: new Date(x509.validTo).toISOString().slice(0, 10),
    file: path,
  }));
}

function subjectOf({ x509 }: Pick<StoredCertificate, "x509">): string {
  return x509.subject.replaceAll("\n", ", ");
}

function trust(terminal: Terminal, name: string, pki: PkiFolder, fingerprint: string): void {
  const certificate = find(name, pki.list("rejected"), fingerprint);
  const path = pki.trust(certificate);
  terminal.result(
    { system: name, fingerprint: certificate.x509.fingerprint256, file: path },
    ({ file }) => `${name} now trusts ${subjectOf(certificate)}: ${file}. The hub connects at its next try.`,
  );
}

function find(name: string, rejected: readonly StoredCertificate[], fingerprint: string): StoredCertificate {
  const digits = fingerprint.replaceAll(":", "").toUpperCase();
  const fitting = rejected.filter(({ x509 }) => x509.fingerprint256.replaceAll(":", "").startsWith(digits));
  const [found] = fitting;
  if (digits.length < FINGERPRINT_DIGITS || found === undefined || fitting.length > 1)
    throw new LineshaftError("not-found", `No one certificate rejected for ${name} begins with ${fingerprint}.`, {
      next: `Give at least ${FINGERPRINT_DIGITS} digits of one that lineshaft opcua trust ${name} lists.`,
    });
  return found;
}

/** A configured one, or one that is not configured yet, without anything of ours shown to it. */
async function serverOf(name: string, options: { config?: string }): Promise<Pick<OpcUa, "browse">> {
  if (!name.startsWith("opc.tcp://")) return systemOf(name, options);
  // Only who asks for OPC UA loads what speaks it.
  const { opcuaServer } = await import("@lineshaft/opcua");
  return opcuaServer({ name: new URL(name).hostname, endpoint: name, security: { mode: "None" } });
}

async function systemOf(name: string, options: { config?: string }): Promise<OpcUa> {
  const { definition } = await loadProject(options);
  const servers = definition.systems.filter((system) => system.connector === "opcua");
  const system = servers.find((one) => one.name === name);
  if (system === undefined)
    throw new LineshaftError("not-found", `There is no OPC UA server called ${name} in the configuration.`, {
      next: `Name one of: ${servers.map((one) => one.name).join(", ") || "(it has none)"}.`,
    });
  return system as OpcUa;
}
