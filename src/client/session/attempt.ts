/**
 * One attempt at one server: looks its name up, dials the addresses behind it
 * and logs in. An address that answers slowly is not waited for alone: after a
 * moment the next one is dialled too, and the first to answer is taken
 * (RFC 8305, "Happy Eyeballs"). An address that answers but refuses us leaves
 * the turn to the others.
 */
import type { Clock } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import { unixAddress } from "../../net/address.ts";
import type { Network, Socket } from "../../platform/socket.ts";
import type { DialWeb } from "../../platform/web_dialler.ts";
import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
} from "../api/errors.ts";
import type { ServerTarget } from "./target.ts";
import { webTarget } from "./login.ts";
import { Session, type SessionContext } from "./session.ts";

/** RFC 8305, section 5: "Connection Attempt Delay". */
const NEXT_ADDRESS_MS = 250;

export interface AttemptContext extends SessionContext {
  readonly network: Network;
  /** Without it there are no WebSockets. */
  readonly dialWeb?: DialWeb | undefined;
}

export class Attempt {
  readonly server: ServerTarget;
  readonly startedMs: number;
  readonly #context: AttemptContext;
  readonly #allowsAddress: (address: string) => boolean;
  readonly #aborted = deferred<never>();
  #session: Session | undefined;
  #endedBy: Error | undefined;

  /** `allowsAddress`: whether an address behind the server's name may be dialled. */
  constructor(
    server: ServerTarget,
    context: AttemptContext,
    allowsAddress: (address: string) => boolean,
  ) {
    this.server = server;
    this.startedMs = context.clock.monotonic();
    this.#context = context;
    this.#allowsAddress = allowsAddress;
    this.#aborted.promise.catch(() => {}); // it may be that nothing waits for it
  }

  /** Resolves with a session that has logged in. Rejects with what went wrong. */
  async run(): Promise<Session> {
    try {
      return await this.#open();
    } catch (error) {
      throw connectError(this.server, this.#endedBy ?? error);
    }
  }

  /** Gives up what is under way. */
  abort(cause: Error): void {
    this.#endedBy ??= cause;
    this.#session?.end(cause);
    this.#aborted.reject(cause);
  }

  /** A refusal by one address tells the most. */
  async #open(): Promise<Session> {
    let left = await this.#addresses();
    let failure: unknown = new ConnectionError(
      `${this.server.host} has no address`,
    );
    while (left.length > 0) {
      const dialled = await this.#dialFirst(left);
      if (!("socket" in dialled)) {
        throw failure instanceof AuthorizationError ? failure : dialled.failure;
      }
      left = left.filter((host) => !dialled.done.has(host));
      try {
        return await this.#logIn(dialled.socket);
      } catch (error) {
        if (!(failure instanceof AuthorizationError)) failure = error;
      }
    }
    throw failure;
  }

  async #addresses(): Promise<string[]> {
    const { server } = this;
    const { network } = this.#context;
    if (server.path !== undefined) return [server.host];
    const found = await this.#unlessAborted(network.lookup(server.host));
    const allowed = found.filter((address) => this.#allowsAddress(address));
    if (allowed.length < found.length && allowed.length === 0) {
      throw new ConnectionError(
        `No address of ${server.host} is on the allow-list`,
      );
    }
    return interleaved(allowed);
  }

  async #logIn(socket: Socket): Promise<Session> {
    // It may have been given up since the socket opened.
    if (this.#endedBy !== undefined) {
      socket.destroy();
      throw this.#endedBy;
    }
    const session = new Session(this.server, socket, this.#context);
    this.#session = session;
    await session.open();
    return session;
  }

  /** The first of some addresses that answers; `done` are those that need not be tried again. */
  async #dialFirst(hosts: readonly string[]): Promise<Dialled> {
    const race = new DialRace(hosts, (host) => this.#dial(host));
    const { clock } = this.#context;
    const dialled = race.run(clock);
    try {
      return await this.#unlessAborted(dialled);
    } catch (error) {
      // A socket may have opened in the same moment, which nobody takes.
      dialled.then((late) => "socket" in late && late.socket.destroy());
      throw error;
    } finally {
      race.stop();
    }
  }

  async #dial(host: string): Promise<Socket> {
    const { network, dialWeb, options } = this.#context;
    const { timeoutMs } = options;
    const target = webTarget(options, this.server);
    if (target === undefined) {
      const { port, path } = this.server;
      const to = path === undefined ? { host, port } : unixAddress(path);
      return network.dial(to, { timeoutMs });
    }
    if (dialWeb === undefined) {
      throw new ConnectionError("there are no WebSockets here");
    }
    return await dialWeb(network, host, target);
  }

  #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    if (this.#endedBy !== undefined) return Promise.reject(this.#endedBy);
    return Promise.race([promise, this.#aborted.promise]);
  }
}

type Dialled =
  | { readonly socket: Socket; readonly done: ReadonlySet<string> }
  | { readonly failure: unknown };

/** Dials one address after the other, the next one when the last failed or is slow. */
class DialRace {
  readonly #hosts: readonly string[];
  readonly #dial: (host: string) => Promise<Socket>;
  readonly #done = new Set<string>();
  readonly #result = deferred<Dialled>();
  #failure: unknown;
  #started = 0;
  #running = 0;
  #isOver = false;
  #next: { cancel(): void } | undefined;
  #clock: Clock | undefined;

  constructor(
    hosts: readonly string[],
    dial: (host: string) => Promise<Socket>,
  ) {
    this.#hosts = hosts;
    this.#dial = dial;
  }

  run(clock: Clock): Promise<Dialled> {
    this.#clock = clock;
    this.#startNext();
    return this.#result.promise;
  }

  /** Sockets that open from now on are closed. */
  stop(): void {
    this.#isOver = true;
    this.#next?.cancel();
  }

  #startNext(): void {
    this.#next?.cancel();
    const host = this.#hosts[this.#started];
    if (this.#isOver || host === undefined) return;
    this.#started++;
    this.#running++;
    this.#dial(host).then(
      (socket) => this.#onSocket(host, socket),
      (error) => this.#onFailure(host, error),
    );
    if (this.#started === this.#hosts.length) return;
    this.#next = this.#clock?.after(NEXT_ADDRESS_MS, () => this.#startNext());
  }

  #onSocket(host: string, socket: Socket): void {
    if (this.#isOver) return socket.destroy();
    this.stop();
    this.#done.add(host);
    this.#result.resolve({ socket, done: this.#done });
  }

  #onFailure(host: string, error: unknown): void {
    this.#running--;
    this.#done.add(host);
    this.#failure = error;
    this.#startNext();
    if (this.#running === 0) this.#result.resolve({ failure: this.#failure });
  }
}

/** Both kinds of address in turn, the first one's kind first. */
function interleaved(addresses: readonly string[]): string[] {
  const isSix = (address: string): boolean => address.includes(":");
  const [first] = addresses;
  if (first === undefined) return [];
  const same = addresses.filter((one) => isSix(one) === isSix(first));
  const others = addresses.filter((one) => isSix(one) !== isSix(first));
  return same.flatMap((address, at) => [address, ...others.slice(at, at + 1)])
    .concat(others.slice(same.length));
}

/** Says which server an attempt failed at. */
function connectError(server: ServerTarget, error: unknown): Error {
  const isPlain = error instanceof AuthorizationError ||
    error instanceof ClosedConnectionError;
  if (isPlain) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ConnectionError(`Cannot connect to ${server.listen}: ${text}`, {
    cause: error,
  });
}
