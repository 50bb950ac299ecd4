/**
 * The keys of an account as a program writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */
import type { MappingConfig } from "./mapping.ts";

/** One of the `accounts`. */
export interface AccountConfig {
  /** Who logs in to this account. Takes: list of users. */
  users?: readonly UserConfig[];
  /** For its users that have none of their own. */
  default_permissions?: PermissionsConfig;
  /** What other accounts may hear and ask. Takes: list of exports. */
  exports?: readonly ExportConfig[];
  /** What it hears of other accounts, and asks there. Takes: list of imports. */
  imports?: readonly ImportConfig[];
  /** Subjects, each with what its messages are published on instead. Takes: map of subjects. */
  mappings?: Readonly<Record<string, MappingConfig>>;
  /** Most of what it may have. */
  limits?: AccountLimitsConfig;
  /** Where traces of messages with a `traceparent` header go. Takes: subject or map. */
  msg_trace?: string | AccountTraceConfig;
  /** Its public key, beside its name. Takes: public key. */
  nkey?: string;
  /** That it has streams, and what they may be. */
  jetstream?: boolean | "enabled" | "disabled" | AccountJetStreamConfig;
}

/** One of the `users`: `user` and `password`, or `nkey`. */
export interface UserConfig {
  /** The name that the client logs in with. */
  user?: string;
  /** Its password, in clear or as a bcrypt hash. */
  password?: string;
  /** The public key that it logs in with, in place of name and password. */
  nkey?: string;
  /** What it may publish and subscribe to; everything unless set. */
  permissions?: PermissionsConfig;
  /** The kinds of connection that it may come by; all unless set. Takes: kind of connection or list of them. */
  allowed_connection_types?: string | readonly string[];
  /** It has to come through one of the `proxies`. */
  proxy_required?: boolean;
}

/** What a user may do. What is absent is allowed. */
export interface PermissionsConfig {
  /** What it may publish. Takes: subject, list of subjects, or map. */
  publish?: string | readonly string[] | SubjectRulesConfig;
  /** What it may subscribe to: a subject, or a subject and a queue group. Takes: subject, list of subjects, or map. */
  subscribe?: string | readonly string[] | SubjectRulesConfig;
  /** Whether it may reply to what it is sent, and publish nothing else unless allowed. Takes: boolean or map. */
  allow_responses?: boolean | ResponsesConfig;
}

/** What is allowed, and what is not all the same. */
export interface SubjectRulesConfig {
  /** What is allowed; everything unless set. Takes: subject or list of subjects. */
  allow?: string | readonly string[];
  /** What is not allowed, whatever `allow` says. Takes: subject or list of subjects. */
  deny?: string | readonly string[];
}

/** How many replies a user may send to a request, and when. */
export interface ResponsesConfig {
  /** Replies to one request; negative for no limit. Default: `1`. */
  max?: number;
  /** How long after the request; negative for ever. Takes: duration. Default: `2m0s`. */
  expires?: string;
}

/** One of the `exports`: a `stream` or a `service`. */
export interface ExportConfig {
  /** The messages on this subject may be heard. Takes: subject. */
  stream?: string;
  /** Requests on this subject may be sent. Takes: subject. */
  service?: string;
  /** Who may import it; everybody unless set. Takes: list of accounts. */
  accounts?: readonly string[];
  /** How many messages a response of the service has: one unless set. */
  response?: "single" | "stream" | "chunked";
  /** How long after the request, or after one of its messages, a response may come: two minutes unless set. Takes: duration. */
  threshold?: string;
  /** Where it is told how long the service took. Takes: subject or map. */
  latency?: string | LatencyConfig;
  /** The `*`, counted in tokens from 1, that has to be the name of the importing account. Default: `0`. */
  account_token_position?: number;
  /** Traces of messages go on in the service's account. */
  allow_trace?: boolean;
}

/** How long requests to a service took, as messages. */
export interface LatencyConfig {
  /** Where the measurements are published, in the exporting account. */
  subject: string;
  /** Percent of the requests, or those whose headers ask for it. Takes: percentage or `headers`. Default: `100`. */
  sampling?: number | string;
}

/** One of the `imports`: a `stream` or a `service`. */
export interface ImportConfig {
  /** Messages that are heard here too. */
  stream?: RemoteConfig;
  /** Requests that are answered there. */
  service?: RemoteConfig;
  /** Tokens that the subjects of a stream get in front. */
  prefix?: string;
  /** The subject here; the one there unless set. */
  to?: string;
  /** Tell a service who asks. */
  share?: boolean;
  /** Traces of a stream's messages go on in this account. */
  allow_trace?: boolean;
}

/** A subject of another account. */
export interface RemoteConfig {
  /** The account that exports it. */
  account: string;
  /** The subject there. */
  subject: string;
}

/** Limits of an account; -1 is none, and 0 is zero. */
export interface AccountLimitsConfig {
  /** Most connections at one time. Default: `-1`. */
  max_connections?: number;
  /** Most subscriptions of each connection. Default: `-1`. */
  max_subscriptions?: number;
  /** Longest message with its headers, in bytes. Default: `-1`. */
  max_payload?: number;
  /** Most leaf nodes. Default: `-1`. */
  max_leafnodes?: number;
}

/** Where traces of messages with a `traceparent` header go. */
export interface AccountTraceConfig {
  /** The subject that traces are published on. Takes: subject. */
  dest: string;
  /** Percent of those messages. Takes: percentage. Default: `100`. */
  sampling?: number | string;
}

/** The `jetstream` block of an account. */
export interface AccountJetStreamConfig {
  /** Bytes of all its streams in memory. Takes: size. Default: `-1`. */
  max_memory?: number | string;
  /** Bytes of all its streams in files. Takes: size. Default: `-1`. */
  max_store?: number | string;
  /** Streams that it may have. Default: `-1`. */
  max_streams?: number;
  /** Consumers that each of its streams may have. Default: `-1`. */
  max_consumers?: number;
  /** Each stream has to say how large it may become. */
  max_bytes_required?: boolean;
  /** Bytes that a stream in memory may have. Takes: size. Default: `-1`. */
  mem_max_stream_bytes?: number | string;
  /** Bytes that a stream in a file may have. Takes: size. Default: `-1`. */
  disk_max_stream_bytes?: number | string;
  /** Messages of a consumer that may wait for an acknowledgement. Default: `-1`. */
  max_ack_pending?: number;
}
