/** A network whose sockets have all gone over to TLS by the time that anybody gets them. */
import type {
  DialOptions,
  Network,
  Socket,
  TlsUpgrade,
} from "../../src/platform/socket.ts";
import type { Certificates } from "../support/certificates.ts";

const TIMEOUT_MS = 60_000;

/** What a server shows and asks for in tests; `change` has what is other. */
export function serverTls(
  { server, authority }: Certificates,
  change: Partial<TlsUpgrade> = {},
): TlsUpgrade {
  return {
    role: "server",
    certificates: [{ certificate: server.cert, key: server.key }],
    authorities: [authority.cert],
    verify: false,
    timeoutMs: TIMEOUT_MS,
    ...change,
  };
}

/** The same for a client. */
export function clientTls(
  { authority }: Certificates,
  change: Partial<TlsUpgrade> = {},
): TlsUpgrade {
  return {
    role: "client",
    authorities: [authority.cert],
    verify: true,
    serverName: "localhost",
    timeoutMs: TIMEOUT_MS,
    ...change,
  };
}

/** `network` with TLS over all that is accepted and dialled. */
export function securedNetwork(
  network: Network,
  server: TlsUpgrade,
  client: TlsUpgrade,
): Network {
  return {
    lookup: (host) => network.lookup(host),
    listen: (at, options, onSocket) =>
      network.listen(at, { ...options, mayUpgrade: true }, (socket) => {
        const failed = (): void => {};
        socket.secure(server).then(() => onSocket(socket), failed);
      }),
    async dial(to, options?: DialOptions): Promise<Socket> {
      const socket = await network.dial(to, options);
      await socket.secure(client);
      return socket;
    },
  };
}
