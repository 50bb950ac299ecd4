/**
 * `Network` on Deno's own sockets, for what Deno's `node:net` costs: it reads
 * each chunk into memory of its own, where one buffer can be used again and
 * again. Only accepted sockets are Deno's; dialling and names are `node_net.ts`'.
 * `runtime/mod.ts` chooses it where there is a Deno.
 */
import type {
  Address,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
  Socket,
} from "../../platform/socket.ts";
import { acceptFailure } from "../../net/failures.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { errorCode } from "../process/system.ts";
import { bindAny, listeningHost } from "./addresses.ts";
import { FairSocket } from "./deno_fair_socket.ts";
import { Fairness } from "./deno_fairness.ts";
import { DenoNews } from "./deno_news.ts";
import { DenoSocket } from "./deno_socket.ts";
import {
  type DenoConnection,
  type DenoListener,
  denoSockets,
} from "./deno_sockets.ts";
import { runSoonBehind } from "./deno_turns.ts";
import { LISTEN_QUEUE_MAX } from "./listen_queue.ts";
import { nodeNetwork } from "./node_net.ts";
import { setTimeout } from "../process/timers.ts";

const news = new DenoNews(denoSockets);
const fairness = new Fairness(news);

/** The network of the machine that Deno runs on. */
export const denoNetwork: Network = { ...nodeNetwork, listen, dial };

/** The turns of the event loop, between which the sockets of that network are heard. */
export const denoRunSoon: RunSoon = runSoonBehind(news);

async function listen(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (needsNode(at, options)) {
    return await nodeNetwork.listen(at, options, (socket) => {
      onSocket(new FairSocket(socket, news, fairness));
    });
  }
  const sockets = denoSockets();
  const host = await listeningHost(at.host);
  const listener = await bindAny(
    { host, port: at.port },
    ({ host, port }) =>
      sockets.listen({
        hostname: host,
        port,
        tcpBacklog: LISTEN_QUEUE_MAX,
      }),
  );
  const { port } = listener.addr;
  const acceptor = new Acceptor(listener, onSocket, (error) => {
    const code = errorCode(error) ?? "EUNKNOWN";
    options.onTrouble?.(acceptFailure({ host, port }, code, error));
  });
  return {
    address: { host, port },
    isPlainOnly: true,
    close: () => acceptor.close(),
  };
}

async function dial(to: Address, options?: DialOptions): Promise<Socket> {
  const socket = await nodeNetwork.dial(to, options);
  return new FairSocket(socket, news, fairness);
}

/**
 * Deno's own sockets cannot become those of a TLS server, and share a port only
 * with a flag for what is unstable. The file of a unix socket is looked after
 * there.
 */
function needsNode(
  { path }: Address,
  { mayUpgrade, reusePort }: ListenOptions,
): boolean {
  return path !== undefined || mayUpgrade === true || reusePort === true;
}

/** What goes wrong for one connection, such as too many open files, is over soon. */
const ACCEPT_AGAIN_MS = 100;

class Acceptor {
  readonly #listener: DenoListener;
  readonly #onSocket: (socket: Socket) => void;
  readonly #onTrouble: (error: unknown) => void;
  readonly #done: Promise<void>;
  #closed = false;

  constructor(
    listener: DenoListener,
    onSocket: (socket: Socket) => void,
    onTrouble: (error: unknown) => void,
  ) {
    this.#listener = listener;
    this.#onSocket = onSocket;
    this.#onTrouble = onTrouble;
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
      if (connection === undefined) continue;
      this.#onSocket(new DenoSocket(connection, news, fairness));
    }
  }

  async #accept(): Promise<DenoConnection | undefined> {
    try {
      return await this.#listener.accept();
    } catch (error) {
      if (this.#closed) return undefined;
      this.#onTrouble(error);
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
    }
  }
}
