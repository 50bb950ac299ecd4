/**
 * What `/accountz` tells of one account: what it offers to others, takes from
 * them, and maps.
 */
import type {
  ExportOptions,
  ImportOptions,
  MappingOptions,
} from "../options/options.ts";
import { bytesOfBase64Url } from "../core/base64.ts";
import { unlessEmpty } from "./fields.ts";
import type {
  AccountInfo,
  ExportRow,
  ImportRow,
  IssueRow,
  MapRow,
} from "./page_types.ts";
import type {
  AccountFacts,
  JwtIssue,
  SnapshotHead,
  TrustedFacts,
} from "./snapshot.ts";
import { sublistFields } from "./subsz.ts";
import { timeText } from "./text.ts";

const decoder = new TextDecoder();

type Moments = Pick<SnapshotHead, "startedAt" | "now" | "shiftMs">;

const RESPONSE_TYPES = {
  singleton: "Singleton",
  stream: "Streamed",
  chunked: "Chunked",
} as const;

export function accountDetail(
  facts: AccountFacts,
  { startedAt, now, shiftMs }: Moments,
  systemAccount: string,
): AccountInfo {
  const { name, clients, lookUp, mappings, exports, imports, trusted } = facts;
  const { expiresAt = 0 } = trusted?.claims ?? {};
  return {
    account_name: name,
    update_time: timeText(startedAt),
    is_system: name === systemAccount || undefined,
    expired: expiresAt > 0 && expiresAt * 1000 <= now + shiftMs,
    complete: true,
    jetstream_enabled: facts.hasStreams,
    leafnode_connections: 0,
    client_connections: clients,
    subscriptions: lookUp.subscriptions,
    mappings: mappingRows(mappings),
    exports: unlessEmpty(exports.map(exportRow)),
    imports: unlessEmpty(imports.map(importRow)),
    name_tag: name,
    ...(trusted && trustedFields(trusted, name)),
    sublist_stats: sublistFields([lookUp]),
  };
}

/** NATS monitoring: limits and all else of a JWT are told as it says them. */
function trustedFields(
  { jwt, claims, issues }: TrustedFacts,
  name: string,
): Partial<AccountInfo> & { name_tag: string } {
  const { revocations, tags } = claims;
  return {
    jwt,
    issuer_key: claims.issuer,
    name_tag: claims.name || name,
    tags: unlessEmpty(tags),
    decoded_jwt: payloadOf(jwt),
    validation_result_jwt: unlessEmpty(issues.map(issueRow)),
    revoked_user: momentsOf(revocations),
  };
}

/** NATS monitoring: what only time has to do with blocks nothing. */
function issueRow({ text, weight }: JwtIssue): IssueRow {
  return {
    description: text,
    blocking: weight === "error",
    time_check: weight === "time",
  };
}

/** Times of `seconds`, by the same names. */
function momentsOf(
  seconds: Iterable<readonly [name: string, seconds: number]>,
): Record<string, string> | undefined {
  const moments = [...seconds].map(([name, at]) => [name, timeText(at * 1000)])
    .sort();
  return moments.length === 0 ? undefined : Object.fromEntries(moments);
}

function payloadOf(jwt: string): unknown {
  const [, payload = ""] = jwt.split(".");
  const bytes = bytesOfBase64Url(payload);
  return bytes && JSON.parse(decoder.decode(bytes));
}

function mappingRows(
  mappings: readonly MappingOptions[],
): Record<string, MapRow[]> | undefined {
  if (mappings.length === 0) return undefined;
  return Object.fromEntries(mappings.map(({ source, destinations }) => [
    source,
    destinations.map(({ subject, weight, cluster }) => ({
      subject,
      weight,
      cluster: unlessEmpty(cluster),
    })),
  ]));
}

function exportRow(offered: ExportOptions): ExportRow {
  const { kind, subject, accountTokenPosition, revocations = {} } = offered;
  const service = kind === "service" ? offered : undefined;
  return {
    subject,
    type: kind,
    token_req: offered.tokenRequired || undefined,
    response_type: service && RESPONSE_TYPES[service.response],
    service_latency: service?.latency && {
      sampling: service.latency.sampling,
      results: service.latency.subject,
    },
    account_token_position: unlessEmpty(accountTokenPosition),
    approved_accounts: offered.accounts && unlessEmpty([...offered.accounts]),
    revoked_activations: momentsOf(Object.entries(revocations)),
  };
}

function importRow(taken: ImportOptions): ImportRow {
  const { kind, subject, account, local } = taken;
  return {
    subject,
    account,
    // NATS monitoring: only a service has its own subject twice.
    to: kind === "service" ? local : undefined,
    local_subject: kind === "service" ? local : patternOf(local),
    type: kind,
    invalid: false,
    share: kind === "service" && taken.share,
    tracking: false,
  };
}

/** `t.$1` matches what `t.*` does. */
function patternOf(local: string): string {
  return local.replace(/\$\d+/g, "*");
}
