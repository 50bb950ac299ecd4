/**
 * Deno reads on below a TLS stream that is paused, and keeps all that comes:
 * 64 MiB of a client that nobody listens to were in memory after 0.6 s. So the
 * socket below is stopped there, by the handle that `node:net` reads with. On
 * Node and Bun a paused stream is enough.
 */
import type { Socket as TcpSocket } from "node:net";

/** What reads for a socket of `node:net`; no documented way leads to it. */
interface ReadingHandle {
  readStart(): void;
  readStop(): void;
}

const isDeno = "Deno" in globalThis;

/** Stops reading below a TLS stream that is paused, or goes on. */
export function readBelow(raw: TcpSocket, goOn: boolean): void {
  if (!isDeno) return;
  const handle: unknown = Reflect.get(raw, "_handle");
  if (!isReading(handle)) return;
  if (goOn) handle.readStart();
  else handle.readStop();
}

function isReading(handle: unknown): handle is ReadingHandle {
  return typeof handle === "object" && handle !== null &&
    "readStart" in handle && "readStop" in handle;
}
