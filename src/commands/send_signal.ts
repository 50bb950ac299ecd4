/**
 * `-sl reload=PID`: tells a running server something by a signal.
 */
import type { SignalCommand } from "../config/argv.ts";
import { readTextFile, sendSignal } from "../runtime/system.ts";

const SIGNALS = {
  stop: "SIGKILL",
  quit: "SIGINT",
  term: "SIGTERM",
  reopen: "SIGUSR1",
  reload: "SIGHUP",
  ldm: "SIGUSR2",
} as const;

/** Sends `command` to the process that `target` names, by number or by its PID file. Throws. */
export function signalServer(command: SignalCommand, target: string): void {
  if (target === "") {
    throw new Error("unable to resolve pid, try providing one");
  }
  const pid = processNumber(target);
  try {
    sendSignal(pid, SIGNALS[command]);
  } catch (cause) {
    throw new Error(`signal "${command}" ${pid}: no such process`, { cause });
  }
}

function processNumber(target: string): number {
  const text = /^\d+$/.test(target) ? target : pidFileText(target);
  if (!/^\d+$/.test(text)) throw new Error(`invalid pid: ${target}`);
  return Number(text);
}

function pidFileText(path: string): string {
  try {
    return readTextFile(path).trim();
  } catch {
    return path;
  }
}
