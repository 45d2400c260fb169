import { LineshaftError, Secret } from "@lineshaft/core";

/**
 * A secret by where it is: `env:NAME` or `file:PATH`. Never the secret itself: what stands on a command line is in the
 * shell's history and in the list of processes.
 * @throws LineshaftError `usage`
 */
export function secretAt(option: string, reference: string, example: string): Secret {
  const colon = reference.indexOf(":");
  const [kind, at] = [reference.slice(0, colon), reference.slice(colon + 1)];
  if (kind === "env" && at) return Secret.env(at);
  if (kind === "file" && at) return Secret.file(at);
  throw new LineshaftError("usage", `${option} takes no secret, but where it is.`, {
    next: `Put it into the environment and write ${option} env:${example}, or into a file: file:/run/secrets/${example.toLowerCase().replaceAll("_", "-")}.`,
  });
}

/**
 * A database's URL: by where it is, or as it stands when it holds no password (one in `~/.pgpass` is found by itself).
 * @throws LineshaftError `usage`
 */
export function databaseAt(option: string, reference: string): string | Secret {
  if (!/^postgres(ql)?:\/\//.test(reference)) return secretAt(option, reference, "LEDGER_OWNER_URL");
  const url = URL.parse(reference);
  if (url !== null && url.password === "" && !url.searchParams.has("password")) return reference;
  throw new LineshaftError("usage", `${option} holds a password, or is no URL.`, {
    next: `Put the URL into the environment and write ${option} env:LEDGER_OWNER_URL, or leave the password to ~/.pgpass.`,
  });
}
