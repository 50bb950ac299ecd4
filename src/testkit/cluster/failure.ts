/** What the test kit says when something does not come true. */
import { MidgeError } from "../../core/errors.ts";
import { formatLine, type LogLine } from "./log_tail.ts";

/** A cluster of the test kit did not do what was waited for. */
export class ClusterError extends MidgeError {
  override readonly name = "ClusterError";
  /** The seed that brings it about again; undefined where chance came from the machine. */
  readonly seed: number | undefined;

  constructor(message: string, seed: number | undefined) {
    super("CLUSTER", message);
    this.seed = seed;
  }
}

/** `lines` under a title, or nothing where there are none. */
export function logText(lines: readonly LogLine[]): string {
  if (lines.length === 0) return "";
  return `--- log of the nodes ---\n${lines.map(formatLine).join("\n")}\n`;
}
