/**
 * A network inside one process, on a given clock and from one seed, so that a
 * whole cluster and its faults repeat exactly. `on(machine)` is the network as
 * one machine sees it; machines can be cut off from each other, and
 * connections can be reset under both of their ends.
 *
 * Bytes take a while, arrive in order, and cut up at random. A direction holds
 * a bounded number of bytes that nobody has read; what a writer gives beyond
 * that waits with the writer, as on a real network.
 */
import type { Clock, Random } from "../platform/clock.ts";
import { deferred } from "../core/deferred.ts";
import { PORT_MAX } from "./address.ts";
import { isAnyHost, isLoopback, isNumericHost } from "./ip.ts";
import { dialFailure, listenFailure, lookupFailure } from "./failures.ts";
import {
  type Carrier,
  connectedPair,
  MemorySocket,
  noTls,
  type PipeEnd,
} from "./memory_socket.ts";
import type {
  Address,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
  Socket,
} from "../platform/socket.ts";

export interface MemoryNetworkOptions {
  /** The longest time that a piece is under way; 2 by default. */
  readonly delayMs?: number;
  /** Bytes that one direction of a connection holds; 64 KiB by default. */
  readonly capacity?: number;
  /** Addresses of host names; `localhost` is always known. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

type Accept = (socket: Socket) => void;

/** Who listens at a port: one, or several that share it. */
interface Service {
  readonly isShared: boolean;
  /** The one whose turn it is first. */
  readonly accepts: Accept[];
}

const LOOPBACK = "127.0.0.1";
const FIRST_FREE_PORT = 32_768;

/** The network of all machines; by itself, as the machine `127.0.0.1` sees it. */
export class MemoryNetwork implements Network {
  readonly #carrier: Carrier;
  readonly #names: Readonly<Record<string, readonly string[]>>;
  /** By machine, then by port, or by the path of a unix socket. */
  readonly #services = new Map<string, Map<number | string, Service>>();
  readonly #sockets = new Set<MemorySocket>();
  readonly #cuts = new Set<string>();
  #waitingForHeal: (() => void)[] = [];
  #lastPort = PORT_MAX;

  constructor(
    clock: Clock,
    random: Random,
    options: MemoryNetworkOptions = {},
  ) {
    const { delayMs = 2, capacity = 64 * 1024, names } = options;
    this.#names = { localhost: [LOOPBACK], ...names };
    this.#carrier = {
      clock,
      random,
      capacity,
      delay: () => random.next() * delayMs,
      isCut: (from, to) => this.#cuts.has(cutBetween(from, to)),
      afterHeal: (run) => this.#waitingForHeal.push(run),
      closed: (socket) => this.#sockets.delete(socket),
    };
  }

  /** The network as one machine sees it; its loopback addresses are its own. */
  on(machine: string): Network {
    return {
      listen: (at, options, onSocket) =>
        this.#listen(machine, at, options, onSocket),
      dial: (to, options) => this.#dial(machine, to, options),
      lookup: (host) => this.lookup(host),
    };
  }

  listen(
    at: Address,
    options: ListenOptions,
    onSocket: Accept,
  ): Promise<Listener> {
    return this.#listen(LOOPBACK, at, options, onSocket);
  }

  dial(to: Address, options?: DialOptions): Promise<Socket> {
    return this.#dial(LOOPBACK, to, options);
  }

  lookup(host: string): Promise<string[]> {
    const found = isNumericHost(host) ? [host] : this.#names[host];
    if (found === undefined) return Promise.reject(lookupFailure(host));
    return Promise.resolve([...found]);
  }

  /** Holds back all that goes between two machines until `heal`. */
  partition(machine: string, other: string): void {
    this.#cuts.add(cutBetween(machine, other));
  }

  heal(machine: string, other: string): void {
    this.#cuts.delete(cutBetween(machine, other));
    const waiting = this.#waitingForHeal;
    this.#waitingForHeal = [];
    for (const run of waiting) this.#carrier.clock.after(0, run);
  }

  /** Resets one connection: both of its ends see it. */
  reset(socket: Socket): void {
    if (socket instanceof MemorySocket) socket.reset();
  }

  /** Resets every connection between two machines. */
  resetBetween(machine: string, other: string): void {
    const wanted = cutBetween(machine, other);
    for (const socket of [...this.#sockets]) {
      const ends = cutBetween(socket.machine, socket.peer?.machine ?? "");
      if (ends === wanted) socket.reset();
    }
  }

  async #listen(
    machine: string,
    at: Address,
    options: ListenOptions,
    onSocket: Accept,
  ): Promise<Listener> {
    if (options.mayUpgrade) throw noTls();
    const { reusePort: isShared = false } = options;
    const ports = this.#services.get(machine) ?? new Map();
    this.#services.set(machine, ports);
    const address = await this.#placeFor(at, ports);
    const port = address.path ?? address.port;
    const service = ports.get(port) ?? { isShared, accepts: [] };
    const mayJoin = service.accepts.length === 0 ||
      isShared && service.isShared;
    if (!mayJoin) throw listenFailure(address, "EADDRINUSE");
    ports.set(port, service);
    // A function of its own, since the same one may listen twice.
    const accept: Accept = (socket) => onSocket(socket);
    service.accepts.push(accept);
    const close = (): Promise<void> => {
      leave(service, accept);
      const isLast = service.accepts.length === 0;
      if (isLast && ports.get(port) === service) ports.delete(port);
      return Promise.resolve();
    };
    return { address, close };
  }

  async #placeFor(
    at: Address,
    taken: ReadonlyMap<number | string, Service>,
  ): Promise<Address> {
    if (at.path !== undefined) return at;
    const [host = at.host] = await this.lookup(at.host);
    return { host, port: at.port === 0 ? this.#freePort(taken) : at.port };
  }

  async #dial(
    machine: string,
    to: Address,
    options: DialOptions = {},
  ): Promise<Socket> {
    const [host = to.host] = to.path === undefined
      ? await this.lookup(to.host)
      : [];
    const address = { ...to, host };
    const target = isOwn(address) ? machine : host;
    if (!await this.#reach(machine, target, options.timeoutMs)) {
      throw dialFailure(address, "ETIMEDOUT");
    }
    const accept = nextOf(this.#services.get(target)?.get(to.path ?? to.port));
    if (accept === undefined) throw dialFailure(address, "ECONNREFUSED");
    return this.#connect(machine, { machine: target, address }, accept);
  }

  /** Resolves when a call from one machine gets to another; false: too late. */
  async #reach(from: string, to: string, timeoutMs?: number): Promise<boolean> {
    const { clock } = this.#carrier;
    const { promise, resolve } = deferred<boolean>();
    const arrive = (): void => {
      if (this.#carrier.isCut(from, to)) this.#carrier.afterHeal(arrive);
      else resolve(true);
    };
    clock.after(this.#carrier.delay(), arrive);
    const timer = timeoutMs === undefined
      ? undefined
      : clock.after(timeoutMs, () => resolve(false));
    const reached = await promise;
    timer?.cancel();
    return reached;
  }

  #connect(machine: string, there: PipeEnd, accept: Accept): Socket {
    const { address: to } = there;
    const host = isOwn(to) ? LOOPBACK : machine;
    const address = to.path === undefined
      ? { host, port: this.#nextPort() }
      : to;
    const here = { machine, address };
    const [near, far] = connectedPair(this.#carrier, here, there);
    this.#sockets.add(near);
    accept(far);
    return near;
  }

  #freePort(taken: ReadonlyMap<number | string, Service>): number {
    for (;;) {
      const port = this.#nextPort();
      if (!taken.has(port)) return port;
    }
  }

  #nextPort(): number {
    const next = this.#lastPort + 1;
    this.#lastPort = next > PORT_MAX ? FIRST_FREE_PORT : next;
    return this.#lastPort;
  }
}

/** Who accepts next; those who share a port take turns. */
function nextOf(service: Service | undefined): Accept | undefined {
  const accept = service?.accepts.shift();
  if (accept !== undefined) service!.accepts.push(accept);
  return accept;
}

function leave({ accepts }: Service, accept: Accept): void {
  const at = accepts.indexOf(accept);
  if (at >= 0) accepts.splice(at, 1);
}

function cutBetween(machine: string, other: string): string {
  return machine < other ? `${machine} ${other}` : `${other} ${machine}`;
}

/** Whether a call stays on the machine that makes it. */
function isOwn({ host, path }: Address): boolean {
  return path !== undefined || isLoopback(host) || isAnyHost(host);
}
