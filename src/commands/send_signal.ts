/**
 * `-sl reload=PID`: tells a running server something by a signal.
 */
import type { SignalCommand } from "../config/argv.ts";
import { readTextFile, sendSignal } from "../runtime/process/system.ts";

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
  sendSignal(pid, SIGNALS[command], `signal "${command}" ${pid}`);
}

function processNumber(target: string): number {
  const text = /^\d+$/.test(target) ? target : pidFileText(target);
  // To the system 0 is not a process, but all that were started with this one.
  if (!/^0*[1-9]\d*$/.test(text)) throw new Error(`invalid pid: ${target}`);
  return Number(text);
}

function pidFileText(path: string): string {
  try {
    return readTextFile(path).trim();
  } catch {
    return path;
  }
}
