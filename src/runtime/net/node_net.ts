/**
 * `Network` on `node:net`, which behaves alike on Deno, Bun and Node. It owns
 * the sockets and nothing else: what a stream means is its receiver's matter.
 * `runtime/mod.ts` hands it to the broker and to the client; on Deno,
 * `deno_net.ts` listens in its place and shares the rest.
 */
import { lookup as resolveName } from "node:dns/promises";
import {
  type AddressInfo,
  connect,
  createServer,
  isIP,
  type Server,
  type Socket as TcpSocket,
} from "node:net";
import { assert } from "../../core/assert.ts";
import {
  dialFailure,
  listenFailure,
  lookupFailure,
} from "../../net/failures.ts";
import {
  type Address,
  type CloseReason,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketEvents,
  type TlsState,
  type TlsUpgrade,
} from "../../platform/socket.ts";
import { errorCode, timerDelay } from "../process/system.ts";
import { failureText, isTlsError, startHandshake } from "./tls.ts";

/** The network of the machine. */
export const nodeNetwork: Network = { listen, dial, lookup };

async function listen(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (options.tls !== undefined) throw noServerTls();
  const host = await listeningHost(at.host);
  const server = createServer({ noDelay: true }, (raw) => {
    onSocket(new NodeSocket(raw));
  });
  const port = await bindAny(
    { host, port: at.port },
    (address) => bindAddress(server, address, options),
  );
  // What goes wrong for one connection, such as too many open files, must not
  // end the listener, let alone the process.
  server.on("error", () => {});
  return { address: { host, port }, close: () => close(server) };
}

// Like nats-server, one address for a name: the IPv4 one, when there is one.
export async function listeningHost(host: string): Promise<string> {
  const addresses = await lookup(host);
  return addresses.find((address) => isIP(address) === 4) ??
    addresses[0] ?? host;
}

const NO_IPV6_CODES: ReadonlySet<string> = new Set([
  "EAFNOSUPPORT",
  "EADDRNOTAVAIL",
]);

/**
 * Binds with `attempt`, in the words of `net/failures.ts` when it cannot. As in
 * Go, `0.0.0.0` listens on IPv6 as well, if there is any.
 */
export async function bindAny<T>(
  at: Address,
  attempt: (at: Address) => T | Promise<T>,
): Promise<T> {
  const hosts = at.host === "0.0.0.0" ? ["::", at.host] : [at.host];
  for (const host of hosts) {
    try {
      return await attempt({ host, port: at.port });
    } catch (error) {
      const code = errorCode(error) ?? "EUNKNOWN";
      const mayTryNext = host === "::" && NO_IPV6_CODES.has(code);
      if (!mayTryNext) throw listenFailure(at, code, error);
    }
  }
  throw listenFailure(at, "EADDRNOTAVAIL");
}

function bindAddress(
  server: Server,
  at: Address,
  { reusePort, backlog }: ListenOptions,
): Promise<number> {
  const options = {
    ...at,
    ...reusePort && { reusePort },
    ...backlog !== undefined && { backlog },
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

// `close` calls back when the last connection has ended; the port is free at once.
function close(server: Server): Promise<void> {
  server.close();
  return Promise.resolve();
}

/** Tries the addresses of a name in turn; the time is shared among them. */
async function dial(to: Address, options: DialOptions = {}): Promise<Socket> {
  const startedAt = performance.now();
  const hosts = await lookup(to.host);
  let failure: unknown = lookupFailure(to.host);
  for (const [tried, host] of hosts.entries()) {
    const address = { host, port: to.port };
    const used = performance.now() - startedAt;
    const share = ((options.timeoutMs ?? 0) - used) / (hosts.length - tried);
    const timeoutMs = options.timeoutMs === undefined ? undefined : share;
    try {
      return await dialAddress(address, timeoutMs);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function dialAddress(to: Address, timeoutMs?: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const raw = connect({ host: to.host, port: to.port, noDelay: true });
    const fail = (code: string, cause?: unknown): void => {
      clearTimeout(timer);
      raw.destroy();
      reject(dialFailure(to, code, cause));
    };
    const timer = timeoutMs === undefined
      ? undefined
      : setTimeout(() => fail("ETIMEDOUT"), timerDelay(Math.max(1, timeoutMs)));
    const onError = (error: Error): void =>
      fail(errorCode(error) ?? "EUNKNOWN", error);
    raw.once("error", onError);
    raw.once("connect", () => {
      clearTimeout(timer);
      raw.off("error", onError);
      resolve(new NodeSocket(raw));
    });
  });
}

async function lookup(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    const found = await resolveName(host, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    throw lookupFailure(host, error);
  }
}

// A closing socket that makes no progress for so long is given up. Without it
// a peer that never reads, or never hangs up, would keep it for ever.
export const LINGER_MS = 5_000;

const RESET_CODES: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
]);

/** The peer hung up in the middle of a handshake. */
const CUT_SHORT: CloseReason = {
  kind: "tls",
  detail: "the connection was closed",
};

class NodeSocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  /** The stream that carries our bytes: TCP's, or TLS's on top of it. */
  #raw: TcpSocket;
  #tls: TlsState | undefined;
  #isSecuring = false;
  #events: SocketEvents | undefined;
  /** Set as soon as the socket is closing. */
  #reason: CloseReason | undefined;
  #closed = false;
  #linger: ReturnType<typeof setTimeout> | undefined;
  readonly #onData = (chunk: Uint8Array): void => this.#received(chunk);

  constructor(raw: TcpSocket) {
    this.remote = endpoint(raw.remoteAddress, raw.remotePort);
    this.local = endpoint(raw.localAddress, raw.localPort);
    this.#raw = raw;
    raw.pause();
    this.#listenTo(raw);
  }

  get tls(): TlsState | undefined {
    return this.#tls;
  }

  get pendingBytes(): number {
    return this.#raw.destroyed ? 0 : this.#raw.writableLength;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.#closed) setImmediate(() => this.#report());
    else if (!this.#isSecuring) this.#read();
  }

  // Several writes of one turn need no cork: while the first is under way the
  // stream gathers the rest, and sends them together.
  write(bytes: Uint8Array): boolean {
    return this.#reason !== undefined || this.#raw.write(bytes);
  }

  pause(): void {
    if (this.#reason === undefined) this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  async secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    if (tls.role === "server") throw noServerTls();
    assert(!this.#isSecuring && !this.#tls, "a socket is secured once");
    const raw = this.#raw;
    raw.off("data", this.#onData);
    this.#isSecuring = true;
    try {
      const { stream, done } = startHandshake(raw, tls, head);
      this.#raw = stream;
      this.#listenTo(stream);
      this.#tls = await done;
    } catch (error) {
      this.#reason ??= { kind: "tls", detail: failureText(error) };
      this.#raw.destroy();
      throw error;
    } finally {
      this.#isSecuring = false;
    }
    if (this.#events !== undefined) this.#read();
  }

  end(): void {
    if (this.#reason !== undefined) return;
    this.#ending({ kind: "closed" });
    this.#raw.end();
    // The peer's last bytes are read and dropped: closing with bytes unread
    // would reset the connection and take our own last words from the peer.
    this.#raw.resume();
  }

  destroy(): void {
    this.#reason ??= { kind: "closed" };
    this.#raw.destroy();
  }

  /** A stream that another has taken the place of is not heard any more. */
  #listenTo(raw: TcpSocket): void {
    const ifCurrent = (act: () => void): void => {
      if (raw === this.#raw) act();
    };
    raw.on("error", (error) => ifCurrent(() => this.#failed(error)));
    raw.on("end", () => ifCurrent(() => this.#ended()));
    raw.on("close", () => ifCurrent(() => this.#wasClosed()));
    raw.on("drain", () => ifCurrent(() => this.#drained()));
  }

  #read(): void {
    this.#raw.on("data", this.#onData);
    this.#raw.resume();
  }

  #received(chunk: Uint8Array): void {
    if (this.#reason !== undefined) return;
    const { buffer, byteOffset, length } = chunk;
    // A plain view, because `slice` of a Buffer does not copy.
    this.#events?.onData(new Uint8Array(buffer, byteOffset, length));
  }

  #drained(): void {
    if (this.#reason === undefined) this.#events?.onDrain();
  }

  #failed(error: Error): void {
    this.#reason ??= this.#isSecuring
      ? { kind: "tls", detail: failureText(error) }
      : closeReason(error);
  }

  #ended(): void {
    if (this.#isSecuring) this.#reason ??= CUT_SHORT;
    else this.#ending({ kind: "ended" });
  }

  #ending(reason: CloseReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#giveUpWithoutProgress();
  }

  #giveUpWithoutProgress(): void {
    const before = this.#raw.writableLength;
    this.#linger = setTimeout(() => {
      const left = this.#raw.writableLength;
      if (left > 0 && left < before) this.#giveUpWithoutProgress();
      else this.#raw.destroy();
    }, LINGER_MS);
    this.#linger.unref();
  }

  #wasClosed(): void {
    clearTimeout(this.#linger);
    this.#closed = true;
    this.#reason ??= this.#isSecuring ? CUT_SHORT : { kind: "ended" };
    this.#report();
  }

  #report(): void {
    if (this.#reason !== undefined) this.#events?.onClose(this.#reason);
  }
}

/** What is said where a server is asked for TLS. */
export function noServerTls(): NetworkError {
  const message = "TLS is not supported for clients of a server";
  return new NetworkError(message, "ETLSUNSUPPORTED");
}

/** Why a stream broke, by the system's error. */
export function closeReason(error: Error): CloseReason {
  const code = errorCode(error) ?? "EUNKNOWN";
  if (RESET_CODES.has(code)) return { kind: "reset", code };
  if (code === "ETIMEDOUT") return { kind: "timeout" };
  if (isTlsError(error)) return { kind: "tls", detail: failureText(error) };
  return { kind: "failed", code, cause: error };
}

/** A socket that is gone by the time that it is accepted has no addresses. */
export function endpoint(host: string = "", port: number = 0): Address {
  return { host: host.replace(/^::ffff:(?=\d+\.)/, ""), port };
}
