/**
 * The files by which other programs find a running server: one with its process
 * number, one with the addresses that it listens on.
 */
import type { Logger } from "../core/log.ts";
import type { ServerOptions } from "../options/options.ts";
import type { Address } from "../platform/socket.ts";
import { formatAddress, unixAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import {
  absolutePath,
  interfaceAddresses,
  placeTextFile,
  processId,
  removeFile,
  writeTextFile,
} from "../runtime/process/system.ts";
import type { Server } from "../app/server.ts";

const FILE_MODE = 0o640;

/** The options that name them. */
type FileOptions = Pick<ServerOptions, "pidFile" | "portsFileDir">;

/** The files of one server. */
export class ProcessFiles {
  readonly #server: Server;
  #removePortsFile: () => void = () => {};

  constructor(server: Server) {
    this.#server = server;
  }

  /** Writes those that are asked for. Throws. */
  write({ pidFile, portsFileDir }: FileOptions): void {
    if (pidFile !== "") writePidFile(pidFile);
    if (portsFileDir !== "") {
      this.#removePortsFile = writePortsFile(portsFileDir, this.#server);
    }
  }

  /**
   * They are to be elsewhere. NATS reload: the old file with the process's number
   * stays, and what goes wrong is only logged.
   */
  move(next: FileOptions, before: FileOptions, log: Logger): void {
    const { pidFile, portsFileDir } = next;
    if (pidFile !== before.pidFile) {
      attempt("Failed to write pidfile", log, () => {
        this.write({ pidFile, portsFileDir: "" });
      });
    }
    if (portsFileDir === before.portsFileDir) return;
    const { portsFileDir: old } = before;
    attempt(`Error cleaning up ports file ${old}`, log, this.#removePortsFile);
    this.#removePortsFile = () => {};
    attempt("Error writing the ports file", log, () => {
      this.write({ pidFile: "", portsFileDir });
    });
  }

  /** Removes the file with the ports, if there is one. */
  removePortsFile(): void {
    this.#removePortsFile();
  }
}

function attempt(what: string, log: Logger, act: () => void): void {
  try {
    act();
  } catch (error) {
    log.error(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Writes the process number; the file stays when the server ends, as nats-server's does. */
function writePidFile(path: string): void {
  writeTextFile(absolutePath(path), String(processId()), FILE_MODE);
}

/** What starts a nats-server looks for the second name, such as the official clients' launchers. */
const PORTS_FILE_NAMES = ["midge", "nats-server"];

/** Writes the ports file of `server` into `folder`, by each of its names; call the result to remove them. */
function writePortsFile(folder: string, server: Server): () => void {
  const monitors = monitorAddresses(server);
  const scheme = server.broker.options.https === undefined ? "http" : "https";
  const ports = {
    nats: [...server.broker.port.addresses]
      .flatMap((address) => urls("nats", address)),
    ...(monitors.length > 0 &&
      { monitoring: monitors.flatMap((address) => urls(scheme, address)) }),
    ...(server.clusterAddress !== undefined &&
      { cluster: urls("nats", server.clusterAddress) }),
    ...(server.websocketAddress !== undefined && {
      websocket: urls(
        server.websocketUrl?.startsWith("wss") ? "wss" : "ws",
        server.websocketAddress,
      ),
    }),
    ...(server.registryAddress !== undefined &&
      { registry: urls("registry", server.registryAddress) }),
  };
  const paths = PORTS_FILE_NAMES.map((name) =>
    absolutePath(`${folder}/${name}_${processId()}.ports`)
  );
  const text = JSON.stringify(ports);
  for (const path of paths) placeTextFile(path, text, FILE_MODE);
  return () => paths.forEach(removeFile);
}

/** The port's first, and all unix sockets. */
function monitorAddresses(server: Server): Address[] {
  const { monitorAddress, broker } = server;
  const sockets = broker.options.httpSockets.map(unixAddress);
  const hasPort = monitorAddress !== undefined &&
    monitorAddress.path === undefined;
  return hasPort ? [monitorAddress, ...sockets] : sockets;
}

function urls(scheme: string, address: Address): string[] {
  if (address.path !== undefined) return [formatAddress(address)];
  const { host, port } = address;
  const hosts = isAnyHost(host)
    ? ["127.0.0.1", ...interfaceAddresses()]
    : [host];
  return hosts.map((host) => `${scheme}://${formatAddress({ host, port })}`);
}
