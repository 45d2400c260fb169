/** A row under the column names that both engines share. Times are ms, flags 0 or 1, digests bytes. */
export type ContentRow = Readonly<Record<string, string | number | null | Uint8Array>>;

/** What a ledger holds, as tables; those of lanes and counters follow from it. */
export type ContentTable =
  | "system"
  | "route"
  | "message"
  | "delivery"
  | "attempt"
  | "duplicate"
  | "refusal"
  | "audit"
  | "link"
  | "latest"
  | "identity"
  | "source_cursor"
  | "lane";

/** All of a ledger on which nobody works, for taking it to another engine. */
export interface LedgerContent extends AsyncDisposable {
  /** Part of every token: a copy keeps it. */
  readonly id: string;
  /** Where it is, without secrets. */
  readonly location: string;
  /** Of the audit chain, which was verified: the hash of the newest link, its links and sealed rows. */
  readonly head: string;
  readonly commits: number;
  readonly sealedRows: number;
  /** Rows of all tables. */
  readonly rows: number;
  /** Rows by primary key, read as they are asked for. A delivery has its message's `key` too, a message what was received as bytes. */
  read(table: ContentTable): Iterable<ContentRow>;
}
