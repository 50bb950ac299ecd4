/**
 * Hosts and ports as the machine's networks take them: names become addresses,
 * a listener on all addresses is bound, and what the system says of an end of a
 * connection becomes an `Address`.
 */
import { lookup as resolveName } from "node:dns/promises";
import { isIP } from "node:net";
import { listenFailure, lookupFailure } from "../../net/failures.ts";
import type { Address } from "../../platform/socket.ts";
import { isGranted, refusalOf, RefusedError } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";

/** The numeric addresses of a host name, in resolver order. */
export async function lookupHost(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    const found = await resolveName(host, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    // Deno says EPERM, and wants the name without a port.
    if (errorCode(error) !== "EPERM") throw lookupFailure(host, error);
    const refusal = new RefusedError(`--allow-net=${host}`, error);
    throw lookupFailure(host, refusal, refusal.code);
  }
}

/** Like nats-server, one address for a name: the IPv4 one, when there is one. */
export async function listeningHost(host: string): Promise<string> {
  const addresses = await lookupHost(host);
  return addresses.find((address) => isIP(address) === 4) ??
    addresses[0] ?? host;
}

const NO_IPV6_CODES: ReadonlySet<string> = new Set([
  "EAFNOSUPPORT",
  "EADDRNOTAVAIL",
  // Refused for IPv6; the error is then about IPv4.
  "ENOTCAPABLE",
]);

/**
 * Binds with `attempt`, in the words of `net/failures.ts` when it cannot. As in
 * Go, `0.0.0.0` listens on IPv6 as well, if there is any.
 */
export async function bindAny<T>(
  at: Address,
  attempt: (at: Address) => T | Promise<T>,
): Promise<T> {
  const hosts = at.host === "0.0.0.0" && mayTryIpv6(at.port)
    ? ["::", at.host]
    : [at.host];
  for (const host of hosts) {
    try {
      return await attempt({ host, port: at.port });
    } catch (error) {
      const code = errorCode(error) ?? "EUNKNOWN";
      const mayTryNext = host === "::" && NO_IPV6_CODES.has(code);
      const cause = refusalOf(error) ?? error;
      if (!mayTryNext) throw listenFailure(at, code, cause);
    }
  }
  throw listenFailure(at, "EADDRNOTAVAIL");
}

/** Deno: where IPv4 alone is granted, nobody is to be asked for IPv6 as well. */
function mayTryIpv6(port: number): boolean {
  return !isGranted({ name: "net", host: `0.0.0.0:${port}` }) ||
    isGranted({ name: "net", host: `[::]:${port}` });
}

/** A socket that is gone by the time that it is accepted has no addresses. */
export function endpoint(host: string = "", port: number = 0): Address {
  return { host: host.replace(/^::ffff:(?=\d+\.)/, ""), port };
}
