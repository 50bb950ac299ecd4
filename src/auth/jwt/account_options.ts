/** An account's JWT as the values that a configuration gives of an account. */
import type {
  AccountOptions,
  ExportOptions,
  ImportOptions,
  MappingOptions,
  PermissionsOptions,
  ServiceExport,
  SubjectRules,
} from "../../options/options.ts";
import type {
  AccountClaims,
  ClaimedExport,
  ClaimedImport,
  ClaimedPermissions,
  ClaimedRules,
} from "./claims.ts";

const NS_PER_MS = 1_000_000;
/** NATS: how long a service may take unless its export says otherwise. */
const THRESHOLD_MS = 120_000;
const RESPONSES_MAX = 1;
const RESPONSES_MS = 120_000;
const FULL_PERCENT = 100;

export function accountOptions(claims: AccountClaims): AccountOptions {
  const { subject: name, limits, trace } = claims;
  const defaultPermissions = permissionsFrom(claims.defaultPermissions);
  return {
    name,
    nkey: name,
    users: [],
    exports: claims.exports.flatMap((each) => each ? [exportFrom(each)] : []),
    imports: claims.imports.flatMap((each) => each ? [importFrom(each)] : []),
    mappings: mappingsFrom(claims),
    limits: {
      maxConnections: limits.maxConnections,
      maxSubscriptions: limits.maxSubscriptions,
      maxPayloadBytes: limits.maxPayloadBytes,
      maxLeafnodes: limits.maxLeafnodes,
    },
    ...(limits.streams !== undefined && { jetstream: limits.streams }),
    ...(defaultPermissions !== undefined && { defaultPermissions }),
    ...(trace !== undefined && {
      trace: {
        destination: trace.destination,
        sampling: trace.sampling || FULL_PERCENT,
      },
    }),
  };
}

/** Undefined: nothing is said, and so everything allowed. */
export function permissionsFrom(
  { publish, subscribe, responses }: ClaimedPermissions,
): PermissionsOptions | undefined {
  const publishes = rulesFrom(publish);
  const subscribes = rulesFrom(subscribe);
  if (responses !== undefined) {
    return {
      // NATS: who may respond may publish nothing else unless it is said.
      publish: { allow: [], ...publishes },
      ...(subscribes !== undefined && { subscribe: subscribes }),
      responses: {
        maxMessages: responses.maxMessages || RESPONSES_MAX,
        expiresMs: responses.expiresNs / NS_PER_MS || RESPONSES_MS,
      },
    };
  }
  if (publishes === undefined && subscribes === undefined) return undefined;
  return {
    ...(publishes !== undefined && { publish: publishes }),
    ...(subscribes !== undefined && { subscribe: subscribes }),
  };
}

/** NATS: lists that are all empty say nothing; an empty `allow` beside a `deny` allows nothing. */
function rulesFrom({ allow, deny }: ClaimedRules): SubjectRules | undefined {
  if ((allow?.length ?? 0) + (deny?.length ?? 0) === 0) return undefined;
  return {
    ...(allow !== undefined && { allow }),
    ...(deny !== undefined && { deny }),
  };
}

function exportFrom(each: ClaimedExport): ExportOptions {
  const base = {
    subject: each.subject,
    accountTokenPosition: each.accountTokenPosition,
    tokenRequired: each.tokenRequired,
    ...(each.revocations.size > 0 &&
      { revocations: Object.fromEntries(each.revocations) }),
  };
  if (each.kind !== "service") return { ...base, kind: "stream" };
  const { latency } = each;
  return {
    ...base,
    kind: "service",
    response: RESPONSES[each.responseType] ?? "singleton",
    thresholdMs: each.thresholdNs / NS_PER_MS || THRESHOLD_MS,
    allowTrace: each.allowTrace,
    ...(latency !== undefined &&
      { latency: { subject: latency.results, sampling: latency.sampling } }),
  };
}

const RESPONSES: Readonly<Record<string, ServiceExport["response"]>> = {
  Stream: "stream",
  Chunked: "chunked",
};

function importFrom(each: ClaimedImport): ImportOptions {
  const { subject, to, localSubject, account, token } = each;
  if (each.kind !== "service") {
    // NATS: the old way to rename a stream is a prefix.
    const local = localSubject || (to === "" ? subject : `${to}.${subject}`);
    const { allowTrace } = each;
    return { kind: "stream", account, subject, token, local, allowTrace };
  }
  // NATS: the old way to rename a service names the exporter's subject second.
  return {
    kind: "service",
    account,
    subject: localSubject === "" && to !== "" ? to : subject,
    local: localSubject || subject,
    token,
    share: each.share,
  };
}

function mappingsFrom({ mappings }: AccountClaims): MappingOptions[] {
  return [...mappings].map(([source, destinations]) => ({
    source,
    destinations: destinations.map(({ subject, weight, cluster }) => ({
      subject,
      weight: weight || FULL_PERCENT,
      cluster,
    })),
  }));
}
