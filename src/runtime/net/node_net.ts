/**
 * `Network` on `node:net`, which behaves alike on Deno, Bun and Node. It owns
 * the sockets and nothing else: what a stream means is its receiver's matter.
 * `runtime/mod.ts` hands it to the broker and to the client; on Deno,
 * `deno_net.ts` listens in its place and shares the rest.
 */
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import {
  acceptFailure,
  dialFailure,
  lookupFailure,
} from "../../net/failures.ts";
import type {
  Address,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
  Socket,
} from "../../platform/socket.ts";
import { formatAddress } from "../../net/address.ts";
import { askForNet, refusalOf } from "../process/permissions.ts";
import { timerDelay } from "../process/system.ts";
import { bindAny, listeningHost, lookupHost } from "./addresses.ts";
import { lengthenQueue, LISTEN_QUEUE_MAX } from "./listen_queue.ts";
import { NodeSocket } from "./node_socket.ts";
import { mayKeepSocket, openFailure, watchFiles } from "./open_files.ts";
import { noServerTls } from "./tls.ts";
import { clearTimeout, monotonicTime, setTimeout } from "../process/timers.ts";

/** The network of the machine. */
export const nodeNetwork: Network = { listen, dial, lookup: lookupHost };

async function listen(
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (options.tls !== undefined) throw noServerTls();
  const host = await listeningHost(at.host);
  const isShort = (): void =>
    options.onTrouble?.(acceptFailure({ host, port }, "EMFILE"));
  const server = createServer({ noDelay: true }, (raw) => {
    if (mayKeepSocket()) return onSocket(new NodeSocket(raw));
    raw.destroy();
    isShort();
  });
  const port = await bindAny(
    { host, port: at.port },
    (address) => bindAddress(server, address, options),
  );
  // What goes wrong for one connection, such as too many open files, must not
  // end the listener, let alone the process.
  server.on("error", () => {});
  const unwatch = watchFiles(isShort);
  const stop = (): Promise<void> => {
    unwatch();
    return close(server);
  };
  return { address: { host, port }, close: stop };
}

function bindAddress(
  server: Server,
  at: Address,
  { reusePort }: ListenOptions,
): Promise<number> {
  const options = {
    ...at,
    ...reusePort && { reusePort },
    backlog: LISTEN_QUEUE_MAX,
  };
  // A refusal of Deno would not come as an error of the server.
  askForNet(formatAddress(at));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      lengthenQueue(server);
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
  const startedAt = monotonicTime();
  const hosts = await lookupHost(to.host);
  let failure: unknown = lookupFailure(to.host);
  for (const [tried, host] of hosts.entries()) {
    const address = { host, port: to.port };
    const used = monotonicTime() - startedAt;
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
      fail(openFailure(error), refusalOf(error) ?? error);
    raw.once("error", onError);
    raw.once("connect", () => {
      clearTimeout(timer);
      raw.off("error", onError);
      resolve(new NodeSocket(raw));
    });
  });
}
