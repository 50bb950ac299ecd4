/**
 * From a tree to `ServerOptions`: applies the rows, then checks what no single
 * key can: whether the options fit together.
 */
import type { ConfigDiagnostic } from "../dialect/diagnostic.ts";
import { Report } from "../dialect/diagnostic.ts";
import { checkLogins } from "./login_checks.ts";
import { checkFind } from "./discovery_keys.ts";
import { formatDuration } from "../../core/duration.ts";
import { finishSteps, type Steps } from "../../core/steps.ts";
import type { ServerOptions } from "../../options/options.ts";
import { defaultsOf } from "./defaults.ts";
import { applyInSteps, findEntry } from "./entries.ts";
import { SERVER_BLOCK } from "./server_keys.ts";
import type { ConfigWorld } from "../dialect/world.ts";
import { readTlsFiles } from "./tls_files.ts";
import { checkTrust } from "./trust_checks.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import { isUnixUrl } from "../../net/unix_url.ts";
import { quote } from "./complaints.ts";

/** Options, and what is odd about the configuration that they came from. */
export interface ConfiguredOptions {
  /** Every option, the defaults filled in. */
  readonly options: ServerOptions;
  /** What is odd, and no error. */
  readonly warnings: readonly ConfigDiagnostic[];
}

/**
 * The options that a tree states. Throws ConfigError with all that is wrong.
 * `world` has the files that it names, and checks signatures.
 */
export function optionsFrom(
  root: ConfigMap,
  world?: ConfigWorld,
): ConfiguredOptions {
  return finishSteps(optionsInSteps(root, world));
}

/** As `optionsFrom`, in steps. */
export function* optionsInSteps(
  root: ConfigMap,
  world?: ConfigWorld,
): Steps<ConfiguredOptions> {
  // Before all others: it is about them.
  const strict = findEntry(root, "strict")?.value;
  const isStrict = strict?.kind === "boolean" && strict.value;
  const report = new Report(isStrict, world?.isUnwarned);
  const options = defaultsOf(SERVER_BLOCK);
  yield* applyInSteps(SERVER_BLOCK, root, options, report);
  if (options.traceVerbose) options.trace = true;
  if (options.http?.host === "") options.http.host = options.host;
  if (options.https?.host === "") options.https.host = options.host;
  checkUnixSockets(options, root, report);
  checkLimits(options, root, report);
  checkLameDuck(options, root, report);
  readTlsFiles(options, root, world, report);
  yield* checkTrust(options, root, world, report);
  yield* checkLogins(options, root, report);
  checkFind(options, root, report);
  report.throwIfErrors();
  return { options, warnings: report.warnings };
}

/** Unix sockets alone are all that a server listens at. */
function checkUnixSockets(
  options: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  const { unixSockets, httpSockets } = options;
  const twice = httpSockets.find((path) => unixSockets.includes(path));
  if (twice !== undefined) {
    const at = findEntry(root, "http")?.at ?? root.at;
    report.error(at, `${quote(twice)} is for clients or for monitoring`);
  }
  if (unixSockets.length === 0) return;
  const named = findEntry(root, "host", "net", "port") !== undefined;
  options.dontListen ||= !named && !namesPort(findEntry(root, "listen"));
}

function namesPort(listen: ConfigEntry | undefined): boolean {
  if (listen === undefined) return false;
  const { value } = listen;
  const items = value.kind === "array" ? value.items : [value];
  return items.some((item) => item.kind !== "string" || !isUnixUrl(item.value));
}

function checkLimits(
  { maxPayloadBytes, maxPendingBytes }: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  if (maxPayloadBytes <= maxPendingBytes) return;
  const entry = findEntry(root, "max_payload") ??
    findEntry(root, "max_pending");
  report.error(
    entry?.at ?? root.at,
    `max_payload (${maxPayloadBytes}) cannot be higher than ` +
      `max_pending (${maxPendingBytes})`,
  );
}

function checkLameDuck(
  { lameDuckDurationMs, lameDuckGraceMs }: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  if (lameDuckGraceMs < lameDuckDurationMs) return;
  const entry = findEntry(root, "lame_duck_grace_period");
  const [grace, duration] = [lameDuckGraceMs, lameDuckDurationMs]
    .map(formatDuration);
  report.error(
    entry?.at ?? root.at,
    `lame duck grace period (${grace}) should be strictly lower than ` +
      `lame duck duration (${duration})`,
  );
}
