/**
 * The files by which other programs find a running server: one with its process
 * number, one with the addresses that it listens on.
 */
import type { Address } from "../platform/socket.ts";
import { formatAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import {
  absolutePath,
  interfaceAddresses,
  processId,
  removeFile,
  writeTextFile,
} from "../runtime/process/system.ts";
import type { Server } from "../app/server.ts";

const FILE_MODE = 0o640;

/** Writes the process number; the file stays when the server ends, as nats-server's does. */
export function writePidFile(path: string): void {
  writeTextFile(absolutePath(path), String(processId()), FILE_MODE);
}

/** Writes the ports file of `server` into `folder`; call the result to remove it. */
export function writePortsFile(folder: string, server: Server): () => void {
  const path = absolutePath(`${folder}/midge_${processId()}.ports`);
  const ports = {
    nats: urls("nats", server.address),
    ...(server.monitorAddress !== undefined &&
      { monitoring: urls("http", server.monitorAddress) }),
    ...(server.clusterAddress !== undefined &&
      { cluster: urls("nats", server.clusterAddress) }),
    ...(server.registryAddress !== undefined &&
      { registry: urls("registry", server.registryAddress) }),
  };
  writeTextFile(path, JSON.stringify(ports), FILE_MODE);
  return () => removeFile(path);
}

function urls(scheme: string, address: Address | undefined): string[] {
  if (address === undefined) return [];
  const { host, port } = address;
  const hosts = isAnyHost(host)
    ? ["127.0.0.1", ...interfaceAddresses()]
    : [host];
  return hosts.map((host) => `${scheme}://${formatAddress({ host, port })}`);
}
