/**
 * Addresses as text: `host:port`, with an IPv6 address in brackets, and lists
 * of them. This is the one reader of that form; `url.ts` reads what may stand
 * around it. Nothing here resolves names or opens connections, and nothing
 * throws: a text that is no address gives undefined, and the caller, who knows
 * what the text was for, words the error.
 */
import type { Address } from "../platform/socket.ts";
import { ipBytes } from "./ip.ts";

export const PORT_MAX = 65_535;

/** The two halves of an address, as they are written. */
export interface AddressParts {
  /** Without brackets; empty when the text had none. */
  readonly host: string;
  /** Not yet a number, and possibly not one; undefined without a colon. */
  readonly port: string | undefined;
}

/** An address whose port may be the usual one. */
export interface HostAndPort {
  readonly host: string;
  readonly port?: number;
}

/** `host:port` or a host alone; an IPv6 address stands in brackets. Undefined for anything else. */
export function splitAddress(text: string): AddressParts | undefined {
  const [, six, four, port] =
    /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::([^:[\]]*))?$/.exec(text) ?? [];
  const host = six ?? four;
  return host === undefined ? undefined : { host, port };
}

/** A port from 0 to 65535, in digits alone. */
export function portNumber(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const port = Number(text);
  return port <= PORT_MAX ? port : undefined;
}

/**
 * Reads an address that can be dialled: a host name or an IP address, and maybe
 * a port other than 0.
 */
export function parseAddress(text: string): HostAndPort | undefined {
  const parts = splitAddress(text);
  const isHost = text.startsWith("[") ? isIpv6 : isHostName;
  if (parts === undefined || !isHost(parts.host)) return undefined;
  const { host } = parts;
  if (parts.port === undefined) return { host };
  const port = portNumber(parts.port);
  return port === undefined || port === 0 ? undefined : { host, port };
}

/** Dotted numbers are host names here: a lookup gives them back as they are. */
function isHostName(text: string): boolean {
  return /^[\p{L}\p{N}._-]+$/u.test(text);
}

/** A zone may follow, as in `fe80::1%eth0`. */
function isIpv6(text: string): boolean {
  const [address = "", zone = "0"] = text.split(/%(.*)/s);
  return address.includes(":") && ipBytes(address) !== undefined &&
    /^[\w.-]+$/.test(zone);
}

/** An address that is only told to others, `host[:port]`. NATS: port 0 or -1 is the usual one. */
export function advertisedAddress(text: string, usualPort: number): Address {
  const { host, port } = splitAddress(text) ?? { host: text, port: undefined };
  return { host, port: portNumber(port ?? "") || usualPort };
}

/** `host:port`, with brackets around an IPv6 host, or `unix:///path`. */
export function formatAddress({ host, port, path }: Address): string {
  return path === undefined ? `${bracketed(host)}:${port}` : unixUrl(path);
}

/** Where one came from without the port: an IP address, or a unix socket. */
export function formatHost({ host, path }: Address): string {
  return path === undefined ? host : unixUrl(path);
}

/** The address of a unix socket. */
export function unixAddress(path: string): Address {
  return { host: "", port: 0, path };
}

function unixUrl(path: string): string {
  return `unix://${path}`;
}

/** A host as it stands in an address or a URL. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The parts of a list that commas divide; gaps are passed over. */
export function splitList(text: string): string[] {
  return text.split(",").map((part) => part.trim())
    .filter((part) => part !== "");
}
