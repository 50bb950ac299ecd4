/**
 * Notices that the process may open no more files, which sockets are too.
 * Deno's own listeners tell; the others do not: Node closes the connections
 * that it cannot take, without a word, and Bun tries again and again as fast as
 * it can. So each connection there is asked about when it was accepted, and let
 * go when it took the last file. One file in reserve is given up when something
 * else took the last one, so that a waiting connection can be accepted, and let
 * go as well.
 */
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { isGranted } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";
import { clearInterval, setInterval } from "../process/timers.ts";
import { denoSockets } from "./deno_sockets.ts";

const isDeno = "Deno" in globalThis;

const LOOK_EVERY_MS = 1000;

const SHORTAGES: ReadonlySet<string | undefined> = new Set([
  "EMFILE",
  "ENFILE",
]);

/** Those that are told of a shortage. */
const watchers = new Set<() => void>();
let looking: ReturnType<typeof setInterval> | undefined;
let reserve: number | undefined;

/** Tells `onShortage` about once a second while no file is left, until the result is called. */
export function watchFiles(onShortage: () => void): () => void {
  watchers.add(onShortage);
  if (looking === undefined) {
    looking = setInterval(look, LOOK_EVERY_MS);
    looking.unref();
    takeReserve();
  }
  return () => {
    watchers.delete(onShortage);
    if (watchers.size > 0) return;
    clearInterval(looking);
    looking = undefined;
    giveReserve();
  };
}

/** Whether a connection that was just accepted has left a file for the next one. */
export function mayKeepSocket(): boolean {
  return isDeno || hasFileLeft();
}

/** The code of a failure to open a socket. */
export function openFailure(error: unknown): string {
  const code = errorCode(error) ?? "EUNKNOWN";
  // Bun takes a socket that it cannot open for one that was refused.
  const isRefused = code === "ECONNREFUSED" && !isDeno;
  return isRefused && !hasFileLeft() ? "EMFILE" : code;
}

/** Whether one more file can be opened; true where that cannot be known. */
function hasFileLeft(): boolean {
  try {
    // Deno asks its user before a file is opened, and not for this.
    if (isDeno) {
      if (!isGranted({ name: "net", host: "127.0.0.1:0" })) return true;
      denoSockets().listen({ hostname: "127.0.0.1", port: 0 }).close();
    } else closeSync(openSync(devNull, "r"));
    return true;
  } catch (error) {
    return !SHORTAGES.has(errorCode(error));
  }
}

function look(): void {
  if (hasFileLeft()) return takeReserve();
  giveReserve();
  for (const onShortage of watchers) onShortage();
}

function takeReserve(): void {
  if (isDeno || reserve !== undefined) return;
  try {
    reserve = openSync(devNull, "r");
  } catch {
    return;
  }
  // It must not be the last one.
  if (!hasFileLeft()) giveReserve();
}

function giveReserve(): void {
  if (reserve === undefined) return;
  closeSync(reserve);
  reserve = undefined;
}
