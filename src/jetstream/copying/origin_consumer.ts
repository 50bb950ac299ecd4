/** The consumer that a copy asks its origin for, in the words of the API. */
import { shortHash } from "../../core/short_hash.ts";
import { utf8ByteString } from "../../core/ascii.ts";
import { hasWildcard } from "../../core/subject.ts";
import type { SourceConfig } from "../stream/stream_config.ts";
import { sourceKey, sourceName } from "./source_header.ts";

/** Whose copy it is. */
export interface CopyOwner {
  readonly kind: "mirror" | "source";
  readonly stream: string;
  readonly account: string;
  /** Empty without one. */
  readonly domain: string;
}

/** A request to the API of an origin. */
export interface OriginRequest {
  readonly subject: string;
  /** Lines of its headers. */
  readonly lines: readonly string[];
  readonly body: object | undefined;
}

const NS_PER_S = 1e9;
/** NATS JetStream: how long messages may stay unacknowledged where nobody acknowledges. */
const ACK_WAIT = 22 * 3600 * NS_PER_S;
const HEARTBEAT = NS_PER_S;
const INACTIVE = 10 * NS_PER_S;

/** Where the API is that `source` is asked through. */
function apiPrefix({ external }: SourceConfig): string {
  return external?.api || "$JS.API";
}

/** Where a consumer sends its messages; `token` makes it one of its own. */
export function deliverSubject(
  { external }: SourceConfig,
  { kind }: CopyOwner,
  token: string,
): string {
  const letter = kind === "mirror" ? "M" : "S";
  return `${external?.deliver || "$JS"}.${letter}.${token}`;
}

/** NATS JetStream: the same name whenever the same stream copies the same origin. */
function consumerName(source: SourceConfig, owner: CopyOwner): string {
  const { kind, stream, account, domain } = owner;
  const key = sourceKey(sourceName(source));
  const hash = shortHash(
    utf8ByteString(`${account} ${domain} ${stream} ${key}`),
  );
  return `${kind === "mirror" ? "JS_MIRROR" : "JS_SRC"}_${hash}`;
}

/** The filters of what `source` wants; none: everything. */
function filtersOf(
  { filter_subject, subject_transforms = [] }: SourceConfig,
): readonly string[] {
  if (filter_subject) return [filter_subject];
  return subject_transforms.map(({ src }) => src || ">");
}

/** How the request for a consumer is made. */
export interface ConsumerWish {
  readonly to: string;
  /** The message behind which it begins; 0: where the source says. */
  readonly after: number;
  /** What the origin calls itself; undefined: it may be any. */
  readonly identity: string | undefined;
  /** In words that servers before 2.14 understand. */
  readonly isOld: boolean;
}

/** Asks for a consumer of the origin. */
export function consumerRequest(
  source: SourceConfig,
  owner: CopyOwner,
  { to, after, identity, isOld }: ConsumerWish,
): OriginRequest {
  const name = consumerName(source, owner);
  const filters = filtersOf(source);
  const [filter] = filters;
  const config = {
    name,
    ...startOf(source, after),
    ack_policy: "none",
    ack_wait: ACK_WAIT,
    max_deliver: 1,
    ...(filters.length === 1 && { filter_subject: filter }),
    ...(filters.length > 1 && { filter_subjects: filters }),
    replay_policy: "instant",
    flow_control: true,
    deliver_subject: to,
    idle_heartbeat: HEARTBEAT,
    inactive_threshold: INACTIVE,
    num_replicas: 0,
    direct: true,
    ...(!isOld && { sourcing: true, metadata: metadataOf(owner) }),
  };
  const isNamed = filters.length === 1 && !hasWildcard(filter!);
  const subject = `${apiPrefix(source)}.CONSUMER.CREATE.${source.name}` +
    (isNamed ? `.${name}.${filter}` : "");
  return {
    subject,
    lines: isOld ? [] : [
      `Nats-Required-Api-Level: ${owner.kind === "mirror" ? 4 : 5}`,
      ...(identity === undefined ? [] : [`Nats-Stream-Identity: ${identity}`]),
    ],
    body: { stream_name: source.name, config, action: "" },
  };
}

/** Has a consumer that a user has made for the copy begin again where it is acknowledged. */
export function resetRequest(source: SourceConfig): OriginRequest {
  return requestAbout(source, "RESET", source.consumer!.name);
}

export function deleteRequest(
  source: SourceConfig,
  name: string,
): OriginRequest {
  return requestAbout(source, "DELETE", name);
}

function requestAbout(
  source: SourceConfig,
  what: string,
  name: string,
): OriginRequest {
  return {
    subject: `${apiPrefix(source)}.CONSUMER.${what}.${source.name}.${name}`,
    lines: [],
    body: undefined,
  };
}

function startOf(
  { opt_start_seq, opt_start_time }: SourceConfig,
  after: number,
): object {
  const from = after > 0 ? after + 1 : opt_start_seq ?? 0;
  if (from > 0) {
    return { deliver_policy: "by_start_sequence", opt_start_seq: from };
  }
  if (opt_start_time !== undefined) {
    return { deliver_policy: "by_start_time", opt_start_time };
  }
  return { deliver_policy: "all" };
}

function metadataOf(
  { kind, account, domain, stream }: CopyOwner,
): Record<string, string> {
  const prefix = `_nats.${kind === "mirror" ? "mirror" : "src"}`;
  return {
    [`${prefix}.acc`]: account,
    ...(domain !== "" && { [`${prefix}.domain`]: domain }),
    [`${prefix}.stream`]: stream,
  };
}
