/**
 * `Network` on Bun's own sockets, for what the streams of Bun's `node:net` cost:
 * a third of the time of a request. Accepted TCP is Bun's; what may go over to
 * TLS, unix sockets, dialling and names are `node_net.ts`'. `network.ts` chooses
 * it where there is a Bun.
 */
import { acceptFailure } from "../../net/failures.ts";
import type {
  Address,
  Listener,
  ListenOptions,
  Network,
  Socket,
} from "../../platform/socket.ts";
import { bindAny, listeningHost } from "./addresses.ts";
import { bunHandlers, BunSocket, type TakenConnection } from "./bun_socket.ts";
import { bunSockets } from "./bun_sockets.ts";
import { lengthenQueueOf } from "./listen_queue.ts";
import { nodeNetwork } from "./node_net.ts";
import { mayKeepSocket, watchFiles } from "./open_files.ts";
import { machineAnswers } from "./wakefulness.ts";

/** The network of the machine that Bun runs on. */
export const bunNetwork: Network = { ...nodeNetwork, listen };

async function listen(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (at.path !== undefined || options.mayUpgrade === true) {
    return await nodeNetwork.listen(at, options, onSocket);
  }
  const host = await listeningHost(at.host);
  const isShort = (): void =>
    options.onTrouble?.(acceptFailure({ host, port }, "EMFILE"));
  const accept = (connection: TakenConnection): void => {
    if (mayKeepSocket()) {
      return onSocket(new BunSocket(connection, machineAnswers()));
    }
    connection.close();
    isShort();
  };
  const listener = await bindAny(
    { host, port: at.port },
    ({ host, port }) =>
      bunSockets().listen({
        hostname: host,
        port,
        reusePort: options.reusePort === true,
        allowHalfOpen: true,
        socket: bunHandlers(accept),
      }),
  );
  const { port, fd } = listener;
  lengthenQueueOf(fd);
  const unwatch = watchFiles(isShort);
  const close = (): Promise<void> => {
    unwatch();
    listener.stop();
    return Promise.resolve();
  };
  return { address: { host, port }, isPlainOnly: true, close };
}
