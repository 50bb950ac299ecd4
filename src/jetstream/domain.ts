/**
 * The domain of a server's streams: a client that names it is answered by these
 * streams and no others, `$JS.hub.API.INFO` as `$JS.API.INFO`.
 */
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
    ...BUCKETS.map((end) => mapping(`$JS.${domain}.API.${end}`, end)),
  ];
}

function mapping(source: string, subject: string): MappingOptions {
  return { source, destinations: [{ subject, weight: 100, cluster: "" }] };
}
