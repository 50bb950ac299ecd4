/**
 * Ends connections on Node that keep TLS busy and bring nothing. A key update of
 * TLS 1.3 is a record of 27 bytes, costs some 20 microseconds, and is seen by
 * nobody above OpenSSL, which takes any number: four peers that send nothing
 * else kept all others waiting for most of a second. BoringSSL on Bun and rustls
 * on Deno end such a connection by themselves.
 */
import type { Socket as TcpSocket } from "node:net";
import process from "node:process";
import type { TLSSocket } from "node:tls";
import { NetworkError } from "../../platform/socket.ts";
import { clearInterval, setInterval } from "../process/timers.ts";

const LOOK_EVERY_MS = 500;
/** Fewer bytes than these are no trouble, whatever they are. */
const BYTES_MIN = 65_536;
/** A record that brings one byte has 23. */
const BYTES_PER_BYTE_MAX = 64;

const isNode = !("Deno" in globalThis) &&
  process.versions["bun"] === undefined;

interface Watched {
  /** What carries TLS. */
  readonly below: TcpSocket;
  readonly stream: TLSSocket;
  /** What both had read when they were looked at. */
  readBelow: number;
  read: number;
}

const watched = new Set<Watched>();
let looking: ReturnType<typeof setInterval> | undefined;

/** Looks after `stream`, whose handshake is over, until it closes. */
export function watchUpkeep(below: TcpSocket, stream: TLSSocket): void {
  if (!isNode) return;
  const one: Watched = { below, stream, readBelow: below.bytesRead, read: 0 };
  watched.add(one);
  looking ??= startLooking();
  stream.once("close", () => {
    watched.delete(one);
    if (watched.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  });
}

function startLooking(): ReturnType<typeof setInterval> {
  const timer = setInterval(() => {
    for (const one of watched) look(one);
  }, LOOK_EVERY_MS);
  timer.unref();
  return timer;
}

function look(one: Watched): void {
  const { below, stream } = one;
  const came = below.bytesRead - one.readBelow;
  if (came < BYTES_MIN) return;
  const brought = stream.bytesRead - one.read;
  one.readBelow += came;
  one.read += brought;
  if (came <= brought * BYTES_PER_BYTE_MAX) return;
  const text = `${came} bytes of TLS brought ${brought}`;
  stream.destroy(new NetworkError(text, "EPROTO"));
}
