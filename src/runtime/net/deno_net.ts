/**
 * `Network` on Deno's own sockets, for what Deno's `node:net` costs: it reads
 * each chunk into memory of its own, where one buffer can be used again and
 * again. Accepted sockets are Deno's, and all unix sockets (`deno_unix.ts`);
 * dialling hosts, and names, are `node_net.ts`'.
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
import { Acceptor } from "./deno_acceptor.ts";
import { FairSocket } from "./deno_fair_socket.ts";
import { Fairness } from "./deno_fairness.ts";
import { machineNews as news } from "./deno_news.ts";
import { AwaitedLoans } from "./deno_reading.ts";
import { type DenoShared, DenoSocket } from "./deno_socket.ts";
import { type DenoConnection, denoSockets } from "./deno_sockets.ts";
import { runSoonBehind } from "./deno_turns.ts";
import { dialPath, listenAtPath } from "./deno_unix.ts";
import { LISTEN_QUEUE_MAX } from "./listen_queue.ts";
import { nodeNetwork } from "./node_net.ts";
import { machineAnswers } from "./wakefulness.ts";

const fairness = new Fairness(news);
const shared: DenoShared = {
  news,
  fairness,
  loans: new AwaitedLoans(news),
};

/** The network of the machine that Deno runs on. */
export const denoNetwork: Network = { ...nodeNetwork, listen, dial };

/** That network, with the connections of hosts accepted on `node:net`. */
export const denoNodeNetwork: Network = {
  ...denoNetwork,
  listen: listenOnNode,
};

/** The turns of the event loop, between which the sockets of that network are heard. */
export const denoRunSoon: RunSoon = runSoonBehind(news);

async function listen(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const { path } = at;
  if (path !== undefined) {
    return await listenAtPath(path, options, (connection) => {
      onSocket(acceptedSocket(connection, path));
    });
  }
  if (needsNode(options)) return await listenOnNode(at, options, onSocket);
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
  const acceptor = new Acceptor(
    listener,
    news,
    (connection) => onSocket(acceptedSocket(connection)),
    (error) => {
      const code = errorCode(error) ?? "EUNKNOWN";
      options.onTrouble?.(acceptFailure({ host, port }, code, error));
    },
  );
  return {
    address: { host, port },
    isPlainOnly: true,
    close: () => acceptor.close(),
  };
}

async function listenOnNode(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  // Unix sockets are never those of `node:net`.
  if (at.path !== undefined) return await listen(at, options, onSocket);
  return await nodeNetwork.listen(at, options, (socket) => {
    onSocket(new FairSocket(socket, news, fairness));
  });
}

async function dial(to: Address, options?: DialOptions): Promise<Socket> {
  const { path } = to;
  if (path !== undefined) {
    return new DenoSocket(await dialPath(path), shared, { path });
  }
  const socket = await nodeNetwork.dial(to, options);
  return new FairSocket(socket, news, fairness);
}

/** A socket that was accepted; `path` is that of a unix socket. */
function acceptedSocket(connection: DenoConnection, path?: string): Socket {
  return new DenoSocket(connection, shared, {
    path,
    answers: machineAnswers(),
  });
}

/**
 * Deno's own sockets cannot become those of a TLS server, and share a port only
 * with a flag for what is unstable.
 */
function needsNode({ mayUpgrade, reusePort }: ListenOptions): boolean {
  return mayUpgrade === true || reusePort === true;
}
