import { type Identity, LineshaftError, identityTaken } from "@lineshaft/core";
import { codeOf } from "./postgres-error.ts";
import { fromStored, toStored } from "./text.ts";

/** As the ledger's functions take it, in JSON. */
export function storedIdentity({ kind, object, system, external, learnedAt, origin }: Identity) {
  return {
    kind: toStored(kind),
    object: toStored(object),
    system: toStored(system),
    external: toStored(external),
    learned_at: learnedAt,
    origin: toStored(origin),
  };
}

/** What `learn_identities_v1` says of a name that stands for another thing; undefined: the error is another one. */
export function takenIdentity(error: unknown): LineshaftError | undefined {
  const cause = error instanceof LineshaftError ? error.cause : undefined;
  if (codeOf(cause) !== "LS410") return undefined;
  const said = JSON.parse((cause as Error).message) as Parameters<typeof identityTaken>[0];
  return identityTaken({
    kind: fromStored(said.kind),
    object: fromStored(said.object),
    system: fromStored(said.system),
    external: fromStored(said.external),
    other: fromStored(said.other),
  });
}
