/**
 * A small TLS server for tests: it greets in clear and then upgrades, as a NATS
 * server does, or begins with TLS. What a client says is echoed, or carried to
 * a broker behind it.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Certificate } from "./certificates.ts";
import type { Cleanup } from "./temp.ts";

/** What it shows. */
export interface ShownCertificates {
  readonly server: Pick<Certificate, "cert" | "key">;
}

export interface TlsFrontOptions extends TlsOptions {
  /** Said in clear before TLS begins. */
  readonly greeting?: string;
  /** Never answers a handshake. */
  readonly mute?: boolean;
  /** Where to carry what comes in, in place of echoing it. */
  readonly behindPort?: number;
}

/** Starts one on a free port of 127.0.0.1; it ends with the test. Gives the port. */
export async function startTlsFront(
  t: Cleanup,
  certificates: ShownCertificates,
  options: TlsFrontOptions = {},
): Promise<number> {
  const { greeting, mute = false, behindPort, ...tls } = options;
  const { cert, key } = certificates.server;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const secured = createTlsServer({ cert, key, ...tls }, (socket) => {
    keep(socket);
    if (behindPort === undefined) return void socket.pipe(socket);
    const behind = connect(behindPort, "127.0.0.1");
    keep(behind);
    socket.pipe(behind).pipe(socket);
    behind.on("close", () => socket.destroy());
    socket.on("close", () => behind.destroy());
  });
  secured.on("tlsClientError", () => {});
  const server = createServer((raw) => {
    keep(raw);
    if (greeting !== undefined) raw.write(greeting);
    if (!mute) secured.emit("connection", raw);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  return (server.address() as AddressInfo).port;
}
