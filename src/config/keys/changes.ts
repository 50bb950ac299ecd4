/**
 * What tells two configurations apart, option by option, from the rows of the
 * keys: which changes a running server cannot follow, in the words of
 * nats-server, and what its log tells of the others.
 */
import { formatDuration } from "../../core/duration.ts";
import { formatMode } from "../../core/file_mode.ts";
import { isSecretKey } from "../../core/redact.ts";
import type { ServerOptions } from "../../options/options.ts";
import { defaultsOf, optionsIn } from "./defaults.ts";
import type { Block, BlockFacts, KeyFacts, OptionFacts } from "./schema.ts";
import { SERVER_BLOCK } from "./server_keys.ts";

/** An option with two values. */
export interface OptionChange {
  /** Its field, behind those of the blocks around it: `cluster.routes`. */
  readonly path: string;
  readonly row: OptionFacts;
  readonly before: unknown;
  readonly after: unknown;
  /** nats-server tells it, though nothing may have changed. */
  readonly isUnchanged: boolean;
}

/**
 * The order in which nats-server looks at options: it refuses the first that
 * cannot change, and tells the others in this order. What is not here comes last.
 */
const ORDER: readonly string[] = [
  "serverName",
  "host",
  "port",
  "dontListen",
  "clientAdvertise",
  "trace",
  "debug",
  "traceVerbose",
  "disableSublistCache",
  "noHeaderSupport",
  "logtime",
  "logtimeUtc",
  "maxConnections",
  "maxSubscriptions",
  "maxSubscriptionTokens",
  "authorization.users",
  "accounts",
  "noAuthUser",
  "systemAccount",
  "authorization.user",
  "authorization.password",
  "authorization.token",
  "pingIntervalMs",
  "pingMax",
  "http",
  "httpBasePath",
  "authorization.timeoutMs",
  "maxControlLineBytes",
  "maxPayloadBytes",
  "maxPendingBytes",
  "noFastProducerStall",
  "cluster.host",
  "cluster.port",
  "cluster",
  "pidFile",
  "portsFileDir",
  "logFile",
  "logSizeLimit",
  "logMaxNum",
  "cluster.routes",
  "tls",
  "allowNonTls",
  "writeDeadlineMs",
  "maxClosedClients",
  "lameDuckDurationMs",
  "lameDuckGraceMs",
  "maxTracedMsgLen",
  "connectErrorReports",
  "reconnectErrorReports",
  "serverTags",
];

/** What `after` has other than `before`, in nats-server's order. */
export function changesBetween(
  before: ServerOptions,
  after: ServerOptions,
): OptionChange[] {
  const changes = changesIn(SERVER_BLOCK, "", before, after);
  return changes.sort((one, other) => place(one.path) - place(other.path));
}

function place(path: string): number {
  const [block = ""] = path.split(".");
  const at = [path, block].map((name) => ORDER.indexOf(name))
    .find((index) => index >= 0);
  return at ?? ORDER.length;
}

function changesIn(
  block: BlockFacts,
  prefix: string,
  before: object,
  after: object,
): OptionChange[] {
  const read = fieldsOf(before);
  const next = fieldsOf(after);
  return optionsIn(block).flatMap((row) => {
    const field = row.field!;
    const path = prefix + field;
    return row.block === undefined
      ? changeOf(row, path, read[field], next[field])
      : changesWithin(row, row.block, path, read[field], next[field]);
  });
}

function fieldsOf(options: object): Readonly<Record<string, unknown>> {
  return options as Readonly<Record<string, unknown>>;
}

function changeOf(
  row: OptionFacts,
  path: string,
  before: unknown,
  after: unknown,
): OptionChange[] {
  // What is told in any case may be long, and is looked through elsewhere.
  const isUnchanged = row.isAlwaysReloaded === true || isSame(before, after);
  return isUnchanged && !row.isAlwaysReloaded
    ? []
    : [{ path, row, before, after, isUnchanged }];
}

/** A block that is not there has the values of one that says nothing, and listens nowhere. */
function changesWithin(
  row: OptionFacts,
  block: BlockFacts,
  path: string,
  before: unknown,
  after: unknown,
): OptionChange[] {
  if (row.comesAndGoes && (before === undefined) !== (after === undefined)) {
    return [{ path, row, before, after, isUnchanged: false }];
  }
  const nothing = (): object => ({
    ...defaultsOf(block as Block<object>),
    host: undefined,
  });
  const inner = changesIn(
    block,
    `${path}.`,
    (before ?? nothing()) as object,
    (after ?? nothing()) as object,
  );
  const { reload, reloaded } = row;
  return inner.map((change) => ({
    ...change,
    row: {
      // A key without a text of its own is told as its block.
      ...(reloaded !== undefined && { reloaded }),
      ...change.row,
      ...(reload === "restart" && { reload }),
    },
  }));
}

/** Lists are the same whatever their order. */
function isSame(one: unknown, other: unknown): boolean {
  return one === other || canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  if (value instanceof Map) return canonical([...value]);
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
  const fields = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => `${name}:${canonical(inner)}`)
    .sort();
  return `{${fields.join()}}`;
}

/** Why a server that runs with `options` cannot follow `change`, as nats-server says it; undefined when it can. */
export function reloadRefusal(
  change: OptionChange,
  options: ServerOptions,
): string | undefined {
  const { row, path, isUnchanged } = change;
  const fixed = fixedFieldRefusal(change);
  if (fixed !== undefined) return fixed;
  const refused = isUnchanged
    ? undefined
    : row.refuses?.(change.after as never, change.before as never);
  if (refused !== undefined) {
    return `config reload not supported for ${refused}`;
  }
  const isFixed = row.reload === "restart" || comesOrGoes(change);
  if (!isFixed || isUnchanged) return undefined;
  if (row.refusal !== undefined) {
    return `config reload not supported for ${row.refusal}`;
  }
  const [before, after] = [change.before, change.after]
    .map((value) => goFields(row, path, value, options));
  const name = Object.keys(after!)
    .find((key) => before![key] !== after![key]) ?? Object.keys(after!)[0]!;
  const isText = typeof (change.before ?? change.after) === "string";
  const isSecret = isText && isSecretKey(path.replace(/.*\./, ""));
  const [old, next] = [before, after]
    .map((fields) => isSecret ? "[REDACTED]" : goText(fields![name], row));
  return `config reload not supported for ${name}: old=${old}, new=${next}`;
}

/** Whether an option is there in one of both alone that has to be there in both, or in none. */
function comesOrGoes({ row, before, after }: OptionChange): boolean {
  return row.isPresenceFixed === true &&
    (before === undefined) !== (after === undefined);
}

/** The same, for a field of a value that may change otherwise. */
function fixedFieldRefusal(
  { row: { fixedFields = {} }, before, after }: OptionChange,
): string | undefined {
  for (const [field, name] of Object.entries(fixedFields)) {
    const [old, next] = [before, after].map((value) =>
      value === undefined ? undefined : fieldsOf(value as object)[field]
    );
    // What is not there has the value that turns it off.
    const nothing = typeof (old ?? next) === "number" ? 0 : false;
    if ((old ?? nothing) === (next ?? nothing)) continue;
    return `config reload not supported for ${name}: ` +
      `old=${old ?? nothing}, new=${next ?? nothing}`;
  }
  return undefined;
}

function goFields(
  { goField }: OptionFacts,
  path: string,
  value: unknown,
  options: ServerOptions,
): Readonly<Record<string, unknown>> {
  if (typeof goField === "function") return goField(value as never, options);
  return { [goField ?? capital(path)]: value };
}

/** `serverName` is `ServerName`, and `registry.port` `Registry.Port`. */
function capital(path: string): string {
  return path.split(".")
    .map((name) => name.charAt(0).toUpperCase() + name.slice(1))
    .join(".");
}

/** As Go prints a value: a list in brackets, nothing for what is not there. */
function goText(value: unknown, { unit }: Pick<OptionFacts, "unit">): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) {
    return `[${value.map((item) => goText(item, {})).join(" ")}]`;
  }
  if (typeof value === "object") return "{...}";
  if (typeof value !== "number") return String(value);
  if (unit === "ms") return formatDuration(value);
  if (unit === "mode") return formatMode(value);
  // NATS server configuration: a negative number is no limit.
  return value === Infinity ? "-1" : String(value);
}

/** The lines of the log about `changes`; those of one text are told once. */
export function reloadedLines(changes: readonly OptionChange[]): string[] {
  const lines = changes.flatMap(reloadedText).filter((line) => line !== "");
  return [...new Set(lines)];
}

function reloadedText(
  { row, path, before, after }: OptionChange,
): string | string[] {
  const { reloaded } = row;
  if (typeof reloaded === "string") return reloaded;
  if (reloaded !== undefined) {
    return reloaded(after as never, before as never);
  }
  const [name] = "names" in row ? (row as KeyFacts).names : [path];
  return `Reloaded: ${name} = ${goText(after, row)}`;
}
