/**
 * `Network` on `node:net`, which behaves alike on Deno, Bun and Node. It owns
 * the sockets and nothing else: what a stream means is its receiver's matter.
 * `runtime/mod.ts` hands it to the broker and to the client; on Deno,
 * `deno_net.ts` listens in its place, has unix sockets of its own, and shares
 * the rest.
 */
import {
  type AddressInfo,
  connect,
  createServer,
  type Server,
  type Socket as TcpSocket,
} from "node:net";
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
import { formatAddress, unixAddress } from "../../net/address.ts";
import { askForNet, askForUnix, refusalOf } from "../process/permissions.ts";
import { errorCode, timerDelay } from "../process/system.ts";
import { bindAny, listeningHost, lookupHost } from "./addresses.ts";
import { lengthenQueue, LISTEN_QUEUE_MAX } from "./listen_queue.ts";
import { NodeSocket } from "./node_socket.ts";
import { mayKeepSocket, openFailure, watchFiles } from "./open_files.ts";
import { nodeDoor } from "./node_unix.ts";
import { checkUnixPath, listenOnUnix } from "./unix_socket.ts";
import { machineAnswers } from "./wakefulness.ts";
import { clearTimeout, monotonicTime, setTimeout } from "../process/timers.ts";

/** The network of the machine. */
export const nodeNetwork: Network = {
  listen: listenWith((raw, path) =>
    new NodeSocket(raw, { path, answers: machineAnswers() })
  ),
  dial,
  lookup: lookupHost,
};

/** How a network listens that makes its sockets, at a path or not, of what is accepted, which has read nothing. */
export function listenWith(
  make: (raw: TcpSocket, path?: string) => Socket,
): Network["listen"] {
  return (at, options, onSocket) =>
    listen(at, options, (raw) => onSocket(make(raw, at.path)));
}

async function listen(
  at: Address,
  options: ListenOptions,
  onStream: (raw: TcpSocket) => void,
): Promise<Listener> {
  if (at.path !== undefined) return listenAtPath(at.path, options, onStream);
  const host = await listeningHost(at.host);
  const isShort = (): void =>
    options.onTrouble?.(acceptFailure({ host, port }, "EMFILE"));
  const server = createServer(
    { noDelay: true, pauseOnConnect: true },
    accepting(onStream, isShort),
  );
  const port = await bindAny(
    { host, port: at.port },
    (address) => bindAddress(server, address, options),
  );
  const stop = keepListening(server, isShort);
  return { address: { host, port }, close: stop };
}

async function listenAtPath(
  path: string,
  options: ListenOptions,
  onStream: (raw: TcpSocket) => void,
): Promise<Listener> {
  const address = unixAddress(path);
  const isShort = (): void =>
    options.onTrouble?.(acceptFailure(address, "EMFILE"));
  const server = createServer(
    { pauseOnConnect: true },
    accepting(onStream, isShort),
  );
  const { file } = await listenOnUnix(
    nodeDoor(server),
    path,
    options.fileMode,
  );
  lengthenQueue(server);
  const stop = keepListening(server, isShort);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => closed ??= file.stop(stop);
  return { address, close };
}

/** What becomes of a connection: it is let go when it took the last file. */
function accepting(
  accept: (raw: TcpSocket) => void,
  isShort: () => void,
): (raw: TcpSocket) => void {
  return (raw) => {
    if (mayKeepSocket()) return accept(raw);
    raw.destroy();
    isShort();
  };
}

/** What ends a listener that is open. */
function keepListening(
  server: Server,
  isShort: () => void,
): () => Promise<void> {
  // What goes wrong for one connection, such as too many open files, must not
  // end the listener, let alone the process.
  server.on("error", () => {});
  const unwatch = watchFiles(isShort);
  return () => {
    unwatch();
    return close(server);
  };
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
  if (to.path !== undefined) return await dialAddress(to, options);
  const startedAt = monotonicTime();
  const hosts = await lookupHost(to.host);
  let failure: unknown = lookupFailure(to.host);
  for (const [tried, host] of hosts.entries()) {
    const address = { host, port: to.port };
    const used = monotonicTime() - startedAt;
    const share = ((options.timeoutMs ?? 0) - used) / (hosts.length - tried);
    const each = options.timeoutMs === undefined
      ? options
      : { ...options, timeoutMs: share };
    try {
      return await dialAddress(address, each);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function dialAddress(
  to: Address,
  { timeoutMs, isServer }: DialOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const raw = connectTo(to);
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
      const answers = isServer ? machineAnswers() : undefined;
      resolve(new NodeSocket(raw, { path: to.path, answers }));
    });
  });
}

/** Throws what is wrong with the path of a unix socket, or not granted. */
function connectTo(to: Address): TcpSocket {
  const { host, port, path } = to;
  if (path === undefined) return connect({ host, port, noDelay: true });
  try {
    checkUnixPath(path);
    askForUnix(path);
    return connect({ path });
  } catch (error) {
    throw dialFailure(to, errorCode(error) ?? "EUNKNOWN", refusalOf(error));
  }
}
