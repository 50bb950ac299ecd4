/**
 * Addresses that are told to others as they stand: `host` or `host:port`. What
 * nobody could dial is refused where it is read, instead of being told to every
 * client. NATS: port 0 or -1 is that of the server.
 */
import {
  bracketed,
  parseAddress,
  portNumber,
  splitAddress,
} from "../../net/address.ts";
import { ipBytes } from "../../net/ip.ts";
import { quote } from "./complaints.ts";
import { checkedString, type Reader } from "./readers.ts";

/** As long as a name of DNS can be. */
const HOST_CHARS_MAX = 253;

/** Reads such an address; `name` is that of the option. */
export function advertised(name: string): Reader<string> {
  return checkedString((text) => {
    const problem = problemOf(text);
    return problem === undefined ? undefined : `${name} must be ${problem}`;
  });
}

function problemOf(text: string): string | undefined {
  if (text === "") return undefined;
  // A URL may hold a password, so it is not quoted.
  if (/:\/\/|@/.test(text)) return "host or host:port, not a URL";
  if (/\s/.test(text)) return `host:port without blanks, got ${quote(text)}`;
  if (text.includes(":") && ipBytes(text) !== undefined) {
    return `host:port with an IPv6 address in brackets, got ${quote(text)}`;
  }
  const { host, port } = splitAddress(text) ?? { host: "", port: undefined };
  const isHost = parseAddress(text.startsWith("[") ? `[${host}]` : host);
  if (host === "") return `host or host:port, got ${quote(text)}`;
  if (isHost === undefined || host.length > HOST_CHARS_MAX) {
    return `host or host:port, but ${quote(bracketed(host))} is no host`;
  }
  const isPort = port === undefined || port === "-1" ||
    portNumber(port) !== undefined;
  return isPort ? undefined : `host:port, but ${quote(port)} is no port`;
}
