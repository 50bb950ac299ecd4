/**
 * `Network` on Deno's own sockets, for what Deno's `node:net` costs: it reads
 * each chunk into memory of its own, where one buffer can be used again and
 * again. Only accepted sockets are Deno's; dialling and names are `node_net.ts`'.
 * `runtime/mod.ts` chooses it where there is a Deno.
 */
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { assert } from "../../core/assert.ts";
import type {
  Address,
  CloseReason,
  Listener,
  ListenOptions,
  Network,
  Socket,
  SocketEvents,
  TlsState,
} from "../../platform/socket.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { Fairness } from "./deno_fairness.ts";
import { DenoNews } from "./deno_news.ts";
import {
  type DenoConnection,
  type DenoListener,
  denoSockets,
} from "./deno_sockets.ts";
import { ReadBuffers } from "./deno_reading.ts";
import { runSoonBehind } from "./deno_turns.ts";
import { type WriteEvents, Writer } from "./deno_writing.ts";
import {
  bindAny,
  closeReason,
  endpoint,
  LINGER_MS,
  listeningHost,
  nodeNetwork,
  noServerTls,
} from "./node_net.ts";

const news = new DenoNews(denoSockets);
const fairness = new Fairness(news);

/** The network of the machine that Deno runs on. */
export const denoNetwork: Network = { ...nodeNetwork, listen };

/** The turns of the event loop, between which the sockets of that network are heard. */
export const denoRunSoon: RunSoon = runSoonBehind(news);

async function listen(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (needsNode(options)) {
    return await nodeNetwork.listen(at, options, onSocket);
  }
  const sockets = denoSockets();
  const host = await listeningHost(at.host);
  const listener = await bindAny(
    { host, port: at.port },
    ({ host, port }) =>
      sockets.listen({ hostname: host, port, ...backlogOf(options) }),
  );
  const acceptor = new Acceptor(listener, onSocket);
  const { port } = listener.addr;
  return { address: { host, port }, close: () => acceptor.close() };
}

/**
 * Deno's own sockets cannot become those of a TLS server, and share a port only
 * with a flag for what is unstable.
 */
function needsNode({ tls, mayUpgrade, reusePort }: ListenOptions): boolean {
  return tls !== undefined || mayUpgrade === true || reusePort === true;
}

function backlogOf({ backlog }: ListenOptions): { tcpBacklog?: number } {
  return backlog === undefined ? {} : { tcpBacklog: backlog };
}

/** What goes wrong for one connection, such as too many open files, is over soon. */
const ACCEPT_AGAIN_MS = 100;

class Acceptor {
  readonly #listener: DenoListener;
  readonly #onSocket: (socket: Socket) => void;
  readonly #done: Promise<void>;
  #closed = false;

  constructor(listener: DenoListener, onSocket: (socket: Socket) => void) {
    this.#listener = listener;
    this.#onSocket = onSocket;
    news.opened();
    this.#done = this.#run();
  }

  /** The port is free only when the call that accepts has given up. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#listener.close();
      news.closed();
    }
    return this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const connection = await this.#accept();
      if (connection !== undefined) this.#onSocket(new DenoSocket(connection));
    }
  }

  async #accept(): Promise<DenoConnection | undefined> {
    try {
      return await this.#listener.accept();
    } catch {
      if (this.#closed) return undefined;
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
    }
  }
}

/**
 * Pending bytes from which on a `write` asks its caller to wait. They are few, so
 * that a caller who wrote much hears of the end and gets the memory back.
 */
const WRITE_PENDING_BYTES = 16_384;

class DenoSocket implements Socket, WriteEvents {
  readonly remote: Address;
  readonly local: Address;
  readonly tls: TlsState | undefined = undefined;
  readonly #connection: DenoConnection;
  readonly #writer: Writer;
  #events: SocketEvents | undefined;
  /** Set as soon as the socket is closing. */
  #reason: CloseReason | undefined;
  #closed = false;
  #reading = false;
  #paused = false;
  #wakeReader: () => void = () => {};
  #peerEnded = false;
  #drainAwaited = false;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: DenoConnection) {
    const { remoteAddr, localAddr } = connection;
    news.opened();
    setNoDelay(connection);
    this.remote = endpoint(remoteAddr.hostname, remoteAddr.port);
    this.local = endpoint(localAddr.hostname, localAddr.port);
    this.#connection = connection;
    this.#writer = new Writer(connection, this);
  }

  get pendingBytes(): number {
    return this.#closed ? 0 : this.#writer.pendingBytes;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.#closed) setImmediate(() => this.#report());
    else this.#startReading();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#reason !== undefined) return true;
    this.#writer.write(bytes);
    if (this.#writer.pendingBytes < WRITE_PENDING_BYTES) return true;
    this.#drainAwaited = true;
    return false;
  }

  pause(): void {
    if (this.#reason === undefined) this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wakeReader();
  }

  secure(): Promise<void> {
    return Promise.reject(noServerTls());
  }

  end(): void {
    if (this.#reason !== undefined) return;
    this.#ending({ kind: "closed" });
    // The peer's last bytes are read and dropped: closing with bytes unread
    // would reset the connection and take our own last words from the peer.
    this.resume();
    this.#startReading();
  }

  destroy(): void {
    this.#reason ??= { kind: "closed" };
    this.#close();
  }

  sentAll(): void {
    if (this.#closed) return;
    if (this.#reason !== undefined) return this.#sayEnd();
    if (!this.#drainAwaited) return;
    this.#drainAwaited = false;
    this.#events?.onDrain();
  }

  failed(error: unknown): void {
    this.#reason ??= closeReason(error as Error);
    this.#close();
  }

  #startReading(): void {
    if (this.#reading || this.#closed) return;
    this.#reading = true;
    this.#read();
  }

  async #read(): Promise<void> {
    const buffers = new ReadBuffers();
    while (!this.#closed) {
      const bytes = buffers.take();
      const count = await this.#readInto(bytes);
      // What was under way at a `pause` waits in the buffer.
      while (this.#paused) await this.#resumed();
      if (this.#closed) break;
      if (count === 0) return this.#ended();
      this.#received(bytes.subarray(0, count));
      buffers.give(bytes, count);
      while (this.#paused) await this.#resumed();
      const turn = fairness.spend(count);
      if (turn !== undefined) await turn;
    }
  }

  #received(chunk: Uint8Array): void {
    if (this.#reason === undefined) this.#events?.onData(chunk);
  }

  /** 0: nothing will come any more. */
  async #readInto(bytes: Uint8Array): Promise<number> {
    try {
      return await this.#connection.read(bytes) ?? 0;
    } catch (error) {
      this.failed(error);
      return 0;
    }
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#wakeReader = resolve);
  }

  #ended(): void {
    this.#peerEnded = true;
    if (this.#reason === undefined) this.#ending({ kind: "ended" });
    else if (this.#writer.pendingBytes === 0) this.#close();
  }

  /** Sends what is pending, says our end, waits for the peer's. */
  #ending(reason: CloseReason): void {
    this.#reason = reason;
    this.#giveUpWithoutProgress();
    if (this.#writer.pendingBytes === 0) this.#sayEnd();
  }

  #sayEnd(): void {
    if (this.#peerEnded) return this.#close();
    this.#connection.closeWrite().catch((error) => this.failed(error));
  }

  #giveUpWithoutProgress(): void {
    const before = this.#writer.pendingBytes;
    this.#linger = setTimeout(() => {
      const left = this.#writer.pendingBytes;
      if (left > 0 && left < before) this.#giveUpWithoutProgress();
      else this.destroy();
    }, LINGER_MS);
    this.#linger.unref();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#linger);
    this.#connection.close();
    news.closed();
    this.resume();
    queueMicrotask(() => this.#report());
  }

  #report(): void {
    const events = this.#events;
    if (this.#reason === undefined || events === undefined) return;
    // Nothing comes after it.
    this.#events = undefined;
    events.onClose(this.#reason);
  }
}

// Some systems refuse it when the peer is gone already; reading tells the rest.
function setNoDelay(connection: DenoConnection): void {
  try {
    connection.setNoDelay();
  } catch {
    return;
  }
}
