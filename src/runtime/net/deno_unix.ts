/**
 * Unix sockets on Deno's own sockets, and never on its `node:net`: Deno 2.9
 * closes the descriptors of those twice, and the second time that may be any
 * other file of the process.
 */
import { unixAddress } from "../../net/address.ts";
import { acceptFailure, dialFailure } from "../../net/failures.ts";
import type { Listener, ListenOptions } from "../../platform/socket.ts";
import { askForUnix, refusalOf } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";
import { Acceptor } from "./deno_acceptor.ts";
import { machineNews } from "./deno_news.ts";
import {
  type DenoConnection,
  type DenoListener,
  denoSockets,
} from "./deno_sockets.ts";
import { noUpgrade } from "./tls_failures.ts";
import { checkUnixPath, listenOnUnix, type UnixDoor } from "./unix_socket.ts";

const DOOR: UnixDoor<DenoListener> = {
  listen: (path) => denoSockets().listen({ transport: "unix", path }),
  knock: async (path) => (await connectTo(path)).close(),
  close: (listener) => listener.close(),
};

/** Listens at `path`, like `Network.listen`. Deno has 1024 connections wait to be accepted. */
export async function listenAtPath(
  path: string,
  { mayUpgrade, fileMode, onTrouble }: ListenOptions,
  onConnection: (connection: DenoConnection) => void,
): Promise<Listener> {
  if (mayUpgrade === true) throw noUpgrade();
  const address = unixAddress(path);
  const { listener, file } = await listenOnUnix(DOOR, path, fileMode);
  const acceptor = new Acceptor(
    listener,
    machineNews,
    onConnection,
    (error) => {
      const code = errorCode(error) ?? "EUNKNOWN";
      onTrouble?.(acceptFailure(address, code, error));
    },
  );
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    closed ??= file.stop(() => acceptor.close());
  return { address, isPlainOnly: true, close };
}

/** Connects to `path`: at once or not at all, so that there is no limit of time. */
export async function dialPath(path: string): Promise<DenoConnection> {
  try {
    checkUnixPath(path);
    askForUnix(path);
    return await connectTo(path);
  } catch (error) {
    throw dialFailure(
      unixAddress(path),
      errorCode(error) ?? "EUNKNOWN",
      refusalOf(error) ?? error,
    );
  }
}

function connectTo(path: string): Promise<DenoConnection> {
  return denoSockets().connect({ transport: "unix", path });
}
