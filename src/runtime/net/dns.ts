/**
 * Names for discovery, on `node:dns/promises`. Without a resolver of their own,
 * addresses come from the system's lookup, which knows `/etc/hosts` and
 * `localhost` and tells no time to live; all else asks a DNS server.
 *
 * The runtimes name failures differently: a server that refuses is ENOTFOUND on
 * Deno and EREFUSED elsewhere. So errors here are for people, and nobody above
 * tells one code from another.
 */
import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { deferred } from "../../core/deferred.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import type {
  AddressRecord,
  Dns,
  DnsOptions,
  ServiceRecord,
} from "../../platform/dns.ts";
import { refusalOf, RefusedError } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";

const DNS_PORT = 53;
/** For the first try; the second one takes longer. */
const TRY_TIMEOUT_MS = 1000;
/** A third one would come too late for those who ask: they wait 5 seconds. */
const TRIES = 2;

const FAILURE_TEXTS: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such name",
  ENODATA: "no such record",
  EREFUSED: "the DNS server refused",
  ESERVFAIL: "the DNS server failed",
  ETIMEOUT: "the DNS server did not answer",
  ECONNREFUSED: "the DNS server cannot be reached",
};

/** The machine's names. */
export const dns: Dns = { addresses, services };

async function addresses(
  name: string,
  options: DnsOptions,
): Promise<AddressRecord[]> {
  const { resolver, signal } = options;
  if (isIP(name) !== 0) return [{ address: name, ttlMs: undefined }];
  if (resolver !== undefined) return await askedAddresses(name, options);
  const found = await untilAborted(lookup(name, { all: true }), signal, name);
  return found.map(({ address }) => ({ address, ttlMs: undefined }));
}

async function services(
  name: string,
  options: DnsOptions,
): Promise<ServiceRecord[]> {
  const records = await withResolver(
    name,
    options,
    (resolver) => resolver.resolveSrv(name),
  );
  return records.map(({ name: target, port, priority, weight }) => ({
    target: target === "" ? "." : target,
    port,
    priority,
    weight,
  }));
}

/** A name may have addresses of one kind only: the other kind's failure matters when both fail. */
async function askedAddresses(
  name: string,
  options: DnsOptions,
): Promise<AddressRecord[]> {
  const [four, six] = await withResolver(
    name,
    options,
    (resolver) =>
      Promise.allSettled([
        resolver.resolve4(name, { ttl: true }),
        resolver.resolve6(name, { ttl: true }),
      ]),
  );
  if (four.status === "rejected" && six.status === "rejected") {
    throw failure(name, isAboutName(four.reason) ? six.reason : four.reason);
  }
  return [four, six]
    .flatMap((found) => found.status === "fulfilled" ? found.value : [])
    .map(({ address, ttl }) => ({ address, ttlMs: ttl * 1000 }));
}

async function withResolver<T>(
  name: string,
  { resolver: server, signal }: DnsOptions,
  ask: (resolver: Resolver) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const resolver = new Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES });
  if (server !== undefined) {
    const address = await serverAddress(server, signal);
    try {
      resolver.setServers([address]);
    } catch (error) {
      throw failure(name, error);
    }
  }
  try {
    return await untilAborted(ask(resolver), signal, name);
  } finally {
    if (signal.aborted) resolver.cancel();
  }
}

/** A resolver is set by its address; one that is given by name is looked up. */
async function serverAddress(
  server: string,
  signal: AbortSignal,
): Promise<string> {
  const { host, port = DNS_PORT } = parseAddress(server) ?? {};
  if (host === undefined) throw new Error("the resolver is no host:port");
  const found = await untilAborted(lookup(host), signal, host);
  return formatAddress({ host: found.address, port });
}

async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  name: string,
): Promise<T> {
  const { promise, reject } = deferred<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw failure(name, error);
  } finally {
    signal.removeEventListener("abort", abort);
    // Nobody is left to hear how the work ends.
    work.catch(() => {});
  }
}

function isAboutName(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOTFOUND" || code === "ENODATA";
}

function failure(name: string, cause: unknown): Error {
  const code = errorCode(cause) ?? "";
  const refusal = refusalOf(cause)?.message ??
    // What the system's lookup says where Deno refuses a name.
    (code === "EPERM" ? new RefusedError(`--allow-net=${name}`).message : "");
  if (refusal !== "") {
    return new Error(`look up ${name}: ${refusal}`, { cause });
  }
  const why = FAILURE_TEXTS[code] ?? (code || "the question failed");
  return new Error(`look up ${name}: ${why}`, { cause });
}
