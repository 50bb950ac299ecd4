/**
 * What answers where a route port was expected: another port of a server, by
 * the fields of its INFO that no route port sends, or something that does not
 * speak NATS at all.
 */
import { byteString } from "../core/ascii.ts";
import { quoted } from "../core/quote.ts";
import type { ServerInfo } from "../wire/info.ts";

/** TLS: the kinds of record in which a server says something first. */
const TLS_ALERT = 0x15;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 3;

/**
 * What a peer's first INFO shows, in words; empty for that of a route port.
 * NATS: clients and leaf nodes are told their number (`client_id`), gateways
 * the name of theirs.
 */
export function otherPortOf(
  { server_name, client_id = 0, ip = "", gateway = "" }: ServerInfo,
): string {
  const server = `of server ${quoted(server_name)}`;
  if (gateway !== "") return `the gateway port ${server}`;
  if (client_id === 0) return "";
  return ip === ""
    ? `the client port ${server}`
    : `the leaf node port ${server}`;
}

/** What the first bytes of a peer show, in words; empty for a server of NATS. */
export function strangerIn(chunk: Uint8Array): string {
  if (byteString(chunk.subarray(0, 5)) === "HTTP/") {
    return "HTTP: a monitoring port, a registry or WebSockets";
  }
  const isTls = (chunk[0] === TLS_ALERT || chunk[0] === TLS_HANDSHAKE) &&
    chunk[1] === TLS_MAJOR_VERSION;
  return isTls ? "TLS" : "";
}
