/**
 * Who sends a request to a service of another account, as the service is told
 * in a header.
 */
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import type { Message } from "../wire/message.ts";
import { addHeaderLine, removeHeader } from "../wire/rewrite.ts";

const HEADER = "Nats-Request-Info";

/** NATS: the names are those of the header's JSON. */
export interface RequestInfo {
  readonly start?: string;
  readonly host?: string;
  readonly id?: number;
  readonly acc: string;
  /** The account whose import led on, where one import led to another. */
  readonly svc?: string;
  readonly user?: string;
  readonly name?: string;
  readonly lang?: string;
  readonly ver?: string;
  /** The round trip of its connection, in nanoseconds. */
  readonly rtt?: number;
  readonly server?: string;
  readonly cluster?: string;
  readonly jwt?: string;
  readonly issuer_key?: string;
  readonly name_tag?: string;
  readonly tags?: readonly string[];
  readonly kind?: string;
  readonly client_type?: string;
}

/** In which order nats-server writes them. */
const FIELDS: readonly (keyof RequestInfo)[] = [
  "start",
  "host",
  "id",
  "acc",
  "svc",
  "user",
  "name",
  "lang",
  "ver",
  "rtt",
  "server",
  "cluster",
  "jwt",
  "issuer_key",
  "name_tag",
  "tags",
  "kind",
  "client_type",
];

/** What is known, in that order. */
export function knownOf(info: RequestInfo): Record<string, unknown> {
  const known = FIELDS.map((field) => [field, info[field]] as const)
    .filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(known);
}

/** Header lines that were written before; a client sends the same one again and again. */
const written = new WeakMap<RequestInfo, Uint8Array>();

/**
 * Says in a header of `message` who asks, and nothing else that it said of that;
 * undefined: nobody that is known.
 */
export function tellRequester(
  message: Message,
  info: RequestInfo | undefined,
): void {
  removeHeader(message, HEADER);
  if (info === undefined) return;
  const line = written.get(info) ?? lineOf(info);
  written.set(info, line);
  addHeaderLine(message, line);
}

function lineOf(info: RequestInfo): Uint8Array {
  const told = FIELDS.map((field) => [field, info[field]] as const)
    .filter(([, value]) => value !== undefined && value !== "");
  const json = goJson(Object.fromEntries(told));
  return asciiBytes(utf8ByteString(`${HEADER}: ${json}\r\n`));
}
