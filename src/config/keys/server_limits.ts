/** Keys of the top level: who logs in, limits, times, and how the server leaves. */
import { formatDuration } from "../../core/duration.ts";
import { MAX_CONNECTIONS } from "../../core/limits.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import { SYSTEM_ACCOUNT } from "../../core/account_names.ts";
import type { ServerOptions } from "../../options/options.ts";
import { ACCOUNT_BLOCK, accounts } from "./account_keys.ts";
import {
  AUTHORIZATION_BLOCK,
  authorizationInSteps,
  readAuthorization,
} from "./authorization_keys.ts";
import { reportType } from "./complaints.ts";
import { DESTINATION_BLOCK, mappings } from "./mapping_keys.ts";
import {
  boolean,
  changed,
  duration,
  durationString,
  filledString,
  INT32_MAX,
  integer,
  type Reader,
  string,
  unlessZero,
} from "./readers.ts";
import { checkedRow, rowsOf } from "./rows.ts";
import type { ConfigKey } from "./schema.ts";

const rows = rowsOf<ServerOptions>((options) => options);

const systemAccount: Reader<string> = {
  ...filledString,
  kind: "account",
  read(entry, report) {
    if (entry.value.kind === "string") return filledString.read(entry, report);
    report.error(entry.at, "system account name must be a string");
    return undefined;
  },
};

/** Who may connect. */
export const LOGIN_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.block({
    names: ["authorization"],
    field: "authorization",
    block: AUTHORIZATION_BLOCK,
    read: readAuthorization,
    readInSteps: authorizationInSteps,
    text: "Who may connect as a client.",
    reload: "now",
  }),
  rows.option({
    names: ["no_auth_user"],
    field: "noAuthUser",
    reader: string,
    default: "",
    text: "The user, by name or key, that a client without credentials is.",
    reload: "restart",
  }),
  rows.option({
    names: ["accounts"],
    field: "accounts",
    inner: ACCOUNT_BLOCK,
    reader: accounts,
    default: [],
    text: "The accounts besides the global one, with their users.",
    reloaded: "Reloaded: accounts",
    isAlwaysReloaded: true,
    reload: "now",
  }),
  rows.option({
    names: ["mappings", "maps"],
    field: "mappings",
    inner: DESTINATION_BLOCK,
    reader: mappings,
    default: [],
    text:
      "Subjects of the global account, each with what its messages are published on instead.",
    reloaded: "",
    reload: "now",
  }),
  rows.option({
    names: ["system_account", "system"],
    field: "systemAccount",
    reader: systemAccount,
    default: SYSTEM_ACCOUNT,
    text: "The account that events and requests about the server are in.",
    goField: (name: string) => ({
      SystemAccount: name || SYSTEM_ACCOUNT,
      NoSystemAccount: name === "",
    }),
    reload: "restart",
  }),
  rows.key({
    names: ["no_system_account", "no_system", "no_sys_acc"],
    reader: boolean,
    sets: ["systemAccount"],
    set(options, isOff) {
      if (isOff && options.systemAccount === SYSTEM_ACCOUNT) {
        options.systemAccount = "";
      }
    },
    text: "Have no system account.",
    reload: "restart",
  }),
];

// NATS server 2.9: 0 is the default, and below it there is no limit.
function connectionLimit(count: number): number {
  if (count === 0) return MAX_CONNECTIONS;
  return count < 0 ? Infinity : count;
}

/** How much there may be of what. */
export const LIMIT_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["max_connections", "max_conn"],
    field: "maxConnections",
    reader: changed(integer(), connectionLimit),
    default: MAX_CONNECTIONS,
    text: "Most clients at one time; negative for no limit.",
    goField: "MaxConn",
    reload: "now",
  }),
  rows.option({
    names: ["max_subscriptions", "max_subs"],
    field: "maxSubscriptions",
    reader: changed(integer(), (count) => Math.max(0, count)),
    default: 0,
    text: "Most subscriptions of one client; 0 for no limit.",
    goField: "MaxSubs",
    reload: "restart",
  }),
  rows.option({
    names: ["max_subscription_tokens", "max_sub_tokens"],
    field: "maxSubscriptionTokens",
    reader: integer(1, 255),
    default: 0,
    text: "Most tokens in the subject of a subscription; no limit unless set.",
    goField: "MaxSubTokens",
    reload: "restart",
  }),
  rows.option({
    names: ["max_control_line"],
    field: "maxControlLineBytes",
    reader: unlessZero(integer(0, INT32_MAX)),
    default: 4096,
    unit: "bytes",
    text: "Longest line of the protocol, in bytes.",
    reload: "now",
  }),
  rows.option({
    names: ["max_payload"],
    field: "maxPayloadBytes",
    reader: unlessZero(integer(0, INT32_MAX)),
    default: 1_048_576,
    unit: "bytes",
    text: "Longest message with its headers, in bytes.",
    reload: "now",
  }),
  rows.option({
    names: ["max_pending"],
    field: "maxPendingBytes",
    reader: unlessZero(integer(0)),
    default: 67_108_864,
    unit: "bytes",
    text: "Most bytes that a client may leave unread before it is closed.",
    goField: "MaxPending",
    reload: "restart",
  }),
  rows.option({
    names: ["max_pending_total"],
    field: "maxPendingTotalBytes",
    reader: integer(0),
    default: 0,
    unit: "bytes",
    text:
      "Most bytes that all clients and routes together may leave unread before those with the most are closed; 0 for no limit.",
    goField: "MaxPendingTotal",
    reload: "restart",
  }),
  rows.option({
    names: ["max_closed_clients"],
    field: "maxClosedClients",
    reader: unlessZero(integer(0)),
    default: 10_000,
    text: "How many closed connections monitoring remembers.",
    reload: "restart",
  }),
];

function checkWriteTimeout(entry: ConfigEntry, report: Report): void {
  const { at, value } = entry;
  if (value.kind !== "string") {
    reportType(entry, "string", report);
  } else if (value.value === "retry") {
    report.miss(at, "write_timeout 'retry' has no effect: Midge closes");
  } else if (value.value !== "default" && value.value !== "close") {
    report.error(at, "write_timeout must be 'default', 'close' or 'retry'");
  }
}

/** How long the server waits for what. */
export const TIME_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["ping_interval"],
    field: "pingIntervalMs",
    reader: unlessZero(duration),
    default: 120_000,
    text: "How often a client that is silent gets a PING.",
    reload: "now",
  }),
  rows.option({
    names: ["ping_max"],
    field: "pingMax",
    reader: unlessZero(integer(0)),
    default: 2,
    text: "Unanswered PINGs before a client is closed.",
    reload: "now",
  }),
  rows.option({
    names: ["write_deadline"],
    field: "writeDeadlineMs",
    reader: unlessZero(duration),
    default: 10_000,
    text: "How long a client may take for what is pending before it is closed.",
    reload: "now",
  }),
  checkedRow({
    names: ["write_timeout"],
    kind: "default or close",
    written: '"default" | "close"',
    check: checkWriteTimeout,
    text:
      "What becomes of a client that missed `write_deadline`; both close it.",
    reload: "restart",
  }),
];

const LAME_DUCK_DURATION_MIN_MS = 30_000;

const lameDuckDuration: Reader<number> = {
  ...durationString,
  kind: "duration, at least 30s",
  read(entry, report) {
    const ms = durationString.read(entry, report);
    if (ms === undefined || ms >= LAME_DUCK_DURATION_MIN_MS) return ms;
    const got = formatDuration(ms);
    report.error(
      entry.at,
      `invalid ${entry.key} of ${got}, minimum is 30 seconds`,
    );
    return undefined;
  },
};

const lameDuckGrace: Reader<number> = {
  ...durationString,
  read(entry, report) {
    const ms = durationString.read(entry, report);
    if (ms === undefined || ms >= 0) return ms;
    report.error(entry.at, `invalid ${entry.key}, needs to be positive`);
    return undefined;
  },
};

/** Lame duck mode. */
export const LEAVING_KEYS: readonly ConfigKey<ServerOptions>[] = [
  rows.option({
    names: ["lame_duck_duration"],
    field: "lameDuckDurationMs",
    reader: lameDuckDuration,
    default: 120_000,
    text: "How long a server in lame duck mode takes to send its clients away.",
    goField: "LameDuckDuration",
    reload: "restart",
  }),
  rows.option({
    names: ["lame_duck_grace_period"],
    field: "lameDuckGraceMs",
    reader: unlessZero(lameDuckGrace),
    default: 10_000,
    text: "How long it waits before it sends the first away.",
    goField: "LameDuckGracePeriod",
    reload: "restart",
  }),
];
