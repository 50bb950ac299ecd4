/** Accounts, as their JWTs state them. */
import type { AccountStreamLimits } from "../../options/options.ts";
import type {
  AccountClaims,
  ClaimedAccountLimits,
  ClaimedDestination,
  ClaimedExport,
  ClaimedImport,
  ClaimsHead,
  ShareKind,
  SigningRole,
} from "./claims.ts";
import { type JsonObject, JwtError } from "./json_object.ts";
import { readPermissions, readRights } from "./read_user.ts";

const NO_LIMIT = -1;
/** Weights are bytes. */
const WEIGHT_MAX = 255;

export function readAccount(head: ClaimsHead, nats: JsonObject): AccountClaims {
  const trace = nats.object("trace");
  const authorization = nats.object("authorization");
  return {
    ...head,
    kind: "account",
    limits: readLimits(nats.object("limits")),
    signingKeys: new Map(
      nats.mixed("signing_keys").map((key) =>
        typeof key === "string" ? [key, undefined] : readRole(key)
      ),
    ),
    imports: nats.objects("imports").map((each) => each && readImport(each)),
    exports: nats.objects("exports").map((each) => each && readExport(each)),
    revocations: nats.numbers("revocations"),
    defaultPermissions: readPermissions(nats.object("default_permissions")),
    mappings: readMappings(nats.object("mappings")),
    authorization: {
      authUsers: authorization.texts("auth_users") ?? [],
      allowedAccounts: authorization.texts("allowed_accounts") ?? [],
      xkey: authorization.text("xkey"),
    },
    trace: nats.has("trace")
      ? { destination: trace.text("dest"), sampling: trace.integer("sampling") }
      : undefined,
    clusterTraffic: nats.text("cluster_traffic"),
    ...readInfo(nats),
  };
}

/** Limits of storage, all of which may be zero. */
const STORAGE_LIMITS = [
  ...["mem_storage", "disk_storage", "streams", "consumer"],
  ...["max_ack_pending", "mem_max_stream_bytes", "disk_max_stream_bytes"],
];

function readLimits(limits: JsonObject): ClaimedAccountLimits {
  const counts = {
    maxSubscriptions: limits.integer("subs"),
    maxPayloadBytes: limits.integer("payload"),
    maxImports: limits.integer("imports"),
    maxExports: limits.integer("exports"),
    maxConnections: limits.integer("conn"),
    maxLeafnodes: limits.integer("leaf"),
  };
  const flags = {
    wildcardExports: limits.flag("wildcards"),
    disallowBearer: limits.flag("disallow_bearer"),
  };
  const stored = STORAGE_LIMITS.map((name) => limits.integer(name));
  const numbers = [...Object.values(counts), ...stored, limits.integer("data")];
  const tiers = limits.object("tiered_limits").names();
  const isEmpty = numbers.every((number) => number === 0) &&
    !flags.wildcardExports && !flags.disallowBearer &&
    !limits.flag("max_bytes_required") &&
    tiers.length === 0;
  return {
    ...counts,
    ...flags,
    streams: readStreams(limits),
    hasNamelessTier: tiers.includes(""),
    isEmpty,
  };
}

/** What an account may have beside its tiers. */
const NOTHING_BUT_TIERS: AccountStreamLimits = {
  maxMemoryBytes: 0,
  maxFileBytes: 0,
  maxStreams: 0,
  maxConsumers: 0,
  maxAckPending: 0,
  memoryStreamBytes: 0,
  fileStreamBytes: 0,
  maxBytesRequired: false,
};

/** NATS JWT: an account has streams where it has storage, or tiers of it. */
function readStreams(limits: JsonObject): AccountStreamLimits | undefined {
  const tiers = limits.object("tiered_limits");
  const names = tiers.names();
  if (names.length > 0) {
    return {
      ...NOTHING_BUT_TIERS,
      tiers: Object.fromEntries(
        names.map((name) => [name, readStreamLimits(tiers.object(name))]),
      ),
    };
  }
  const own = readStreamLimits(limits);
  const hasStorage = own.maxMemoryBytes !== 0 || own.maxFileBytes !== 0;
  return hasStorage ? own : undefined;
}

/** NATS JWT: of some limits 0 means that there is none. */
function readStreamLimits(limits: JsonObject): AccountStreamLimits {
  const positive = (name: string): number => {
    const value = limits.integer(name);
    return value > 0 ? value : NO_LIMIT;
  };
  return {
    maxMemoryBytes: limits.integer("mem_storage"),
    maxFileBytes: limits.integer("disk_storage"),
    maxStreams: limits.integer("streams"),
    maxConsumers: limits.integer("consumer"),
    maxAckPending: positive("max_ack_pending"),
    memoryStreamBytes: positive("mem_max_stream_bytes"),
    fileStreamBytes: positive("disk_max_stream_bytes"),
    maxBytesRequired: limits.flag("max_bytes_required"),
  };
}

function readRole(role: JsonObject): [string, SigningRole] {
  if (role.text("kind") !== "user_scope") {
    throw new JwtError(`unknown signing key scope ${role.text("kind")}`);
  }
  const key = role.text("key");
  const template = readRights(role.object("template"), NO_LIMIT);
  return [key, { key, role: role.text("role"), template }];
}

function readExport(each: JsonObject): ClaimedExport {
  const latency = each.object("service_latency");
  return {
    subject: each.text("subject"),
    kind: readShareKind(each, "type"),
    tokenRequired: each.flag("token_req"),
    revocations: each.numbers("revocations"),
    responseType: each.text("response_type"),
    thresholdNs: each.integer("response_threshold"),
    latency: each.has("service_latency")
      ? { sampling: readSampling(latency), results: latency.text("results") }
      : undefined,
    accountTokenPosition: readPosition(each),
    allowTrace: each.flag("allow_trace"),
    ...readInfo(each),
  };
}

function readPosition(each: JsonObject): number {
  const position = each.integer("account_token_position");
  if (position < 0) throw new JwtError("account_token_position is negative");
  return position;
}

function readSampling(latency: JsonObject): number | "headers" {
  const { sampling } = latency.plain();
  const isHeaders = typeof sampling === "string" &&
    sampling.toLowerCase() === "headers";
  return isHeaders || latency.integer("sampling") === 0
    ? "headers"
    : latency.integer("sampling");
}

function readImport(each: JsonObject): ClaimedImport {
  return {
    subject: each.text("subject"),
    account: each.text("account"),
    token: each.text("token"),
    to: each.text("to"),
    localSubject: each.text("local_subject"),
    kind: readShareKind(each, "type"),
    share: each.flag("share"),
    allowTrace: each.flag("allow_trace"),
  };
}

export function readShareKind(each: JsonObject, name: string): ShareKind {
  if (!each.has(name)) return "unknown";
  const kind = each.text(name);
  if (kind !== "stream" && kind !== "service") {
    throw new JwtError(`unknown export type ${JSON.stringify(kind)}`);
  }
  return kind;
}

function readMappings(
  mappings: JsonObject,
): Map<string, ClaimedDestination[]> {
  const read = (each: JsonObject | undefined): ClaimedDestination => ({
    subject: each?.text("subject") ?? "",
    weight: readWeight(each),
    cluster: each?.text("cluster") ?? "",
  });
  return new Map(
    mappings.names().map((
      source,
    ) => [source, mappings.objects(source).map(read)]),
  );
}

function readWeight(each: JsonObject | undefined): number {
  const weight = each?.integer("weight") ?? 0;
  if (weight < 0 || weight > WEIGHT_MAX) {
    throw new JwtError(`a weight of ${weight} is out of range`);
  }
  return weight;
}

function readInfo(
  each: JsonObject,
): Pick<ClaimedExport, "description" | "infoUrl"> {
  return {
    description: each.text("description"),
    infoUrl: each.text("info_url"),
  };
}
