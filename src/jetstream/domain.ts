/**
 * The domain of a server's streams: a client that names it is answered by these
 * streams and no others, `$JS.hub.API.INFO` as `$JS.API.INFO`.
 */
import { isSubsetMatch } from "../core/subject.ts";
import type { MappingOptions } from "../options/options.ts";

/** NATS JetStream: what a domain is put before. */
const MAPPED = [
  "API.INFO",
  "API.STREAM.>",
  "API.CONSUMER.>",
  "API.DIRECT.>",
  "API.META.>",
  "API.SERVER.>",
  "API.ACCOUNT.>",
];
/** NATS JetStream: subjects of buckets behind the prefix of the API. */
const BUCKETS = ["$KV.>", "$OBJ.>"];

/** The mappings that every account has on a server of `domain`; empty: none. */
export function domainMappings(domain: string): MappingOptions[] {
  if (domain === "") return [];
  return [
    ...MAPPED.map((end) => mapping(`$JS.${domain}.${end}`, `$JS.${end}`)),
    ...bucketMappings(domain),
  ];
}

/** Those of them that are about buckets. */
export function bucketMappings(domain: string): MappingOptions[] {
  return BUCKETS.map((end) => mapping(`$JS.${domain}.API.${end}`, end));
}

/** What a subject of `domain` is within it; both are byte strings. Undefined: nothing. */
export function withinDomain(
  subject: string,
  domain: string,
): string | undefined {
  const prefix = `$JS.${domain}.`;
  if (!subject.startsWith(prefix)) return undefined;
  const rest = subject.slice(prefix.length);
  if (MAPPED.some((end) => isSubsetMatch(rest, end))) return `$JS.${rest}`;
  const bucket = rest.slice("API.".length);
  return BUCKETS.some((end) => isSubsetMatch(bucket, end)) ? bucket : undefined;
}

function mapping(source: string, subject: string): MappingOptions {
  return { source, destinations: [{ subject, weight: 100, cluster: "" }] };
}
