/**
 * `-sl reload=PID`: sends a running server the signal that a word stands for.
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
  // Signals to process 0 would go to this process and its whole group.
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
