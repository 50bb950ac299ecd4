/**
 * What the system account offers to all others: each may ask about itself, and
 * each client about its user. NATS: these imports are there without being
 * configured.
 */
import type {
  AccountOptions,
  ServiceExport,
  ServiceImport,
} from "../options/options.ts";

/** NATS: how long an answer may take. */
const THRESHOLD_MS = 120_000;
/** Of `$SYS.REQ.ACCOUNT.*.X`. */
const NAME_TOKEN = 4;

const EXPORTS: readonly ServiceExport[] = [
  systemExport("$SYS.REQ.ACCOUNT.*.CONNZ", "stream", NAME_TOKEN),
  systemExport("$SYS.REQ.ACCOUNT.*.STATZ", "stream", NAME_TOKEN),
  systemExport("$SYS.REQ.USER.*.INFO", "singleton", 0),
  systemExport("$SYS.DEBUG.SUBSCRIBERS", "singleton", 0),
];

/** The subject here, what is asked there, and whether it is told who asks. */
const IMPORTS:
  readonly (readonly [string, (name: string) => string, boolean])[] = [
    ["$SYS.REQ.ACCOUNT.PING.CONNZ", (name) => about(name, "CONNZ"), false],
    ["$SYS.REQ.SERVER.PING.CONNZ", (name) => about(name, "CONNZ"), false],
    ["$SYS.REQ.ACCOUNT.PING.STATZ", (name) => about(name, "STATZ"), false],
    ["$SYS.REQ.USER.INFO", (name) => `$SYS.REQ.USER.${name}.INFO`, true],
  ];

/** The system account with what it offers. */
export function offering(options: AccountOptions): AccountOptions {
  const known = OFFERS.get(options.exports);
  const exports = known ?? [...options.exports, ...EXPORTS];
  OFFERS.set(options.exports, exports);
  return { ...options, exports };
}

/** By what the account offers itself: what did not change is the same list. */
const OFFERS = new WeakMap<
  AccountOptions["exports"],
  AccountOptions["exports"]
>();

/** What the account `name` may ask of the system account `system`; nothing where its name is no token. */
export function systemImports(
  name: string,
  system: string,
): readonly ServiceImport[] {
  if (system === "" || name === system || /[\s.*>]/.test(name)) return [];
  return IMPORTS.map(([local, subjectFor, share]) => ({
    kind: "service",
    account: system,
    subject: subjectFor(name),
    local,
    share,
    token: "",
  }));
}

/** NATS JetStream with replicas: its requests are answered in the system account. */
const STREAMS = "$JS.API.>";

/** The system account, in which requests to JetStream of others are answered. */
export function offeringStreams(options: AccountOptions): AccountOptions {
  const exports = [...options.exports, systemExport(STREAMS, "stream", 0)];
  return { ...options, exports };
}

/** The system account of a server without streams. */
export function withoutStreams(options: AccountOptions): AccountOptions {
  const exports = options.exports.filter(({ subject }) => subject !== STREAMS);
  return { ...options, exports };
}

/** How other accounts ask for JetStream in the system account `account`, by requests that begin with `prefix`. */
export function streamsImport(account: string, prefix: string): ServiceImport {
  return {
    kind: "service",
    account,
    subject: STREAMS,
    local: `${prefix}.>`,
    share: true,
    token: "",
  };
}

function systemExport(
  subject: string,
  response: ServiceExport["response"],
  accountTokenPosition: number,
): ServiceExport {
  return {
    kind: "service",
    subject,
    accountTokenPosition,
    tokenRequired: false,
    response,
    thresholdMs: THRESHOLD_MS,
    allowTrace: false,
  };
}

function about(name: string, what: string): string {
  return `$SYS.REQ.ACCOUNT.${name}.${what}`;
}
