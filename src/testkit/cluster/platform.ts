/** What the test kit needs of the machine. */
import type { ServerPlatform } from "../../app/parts.ts";
import type { ManualClock } from "../time/manual_clock.ts";

export interface TestPlatform extends Omit<ServerPlatform, "log"> {
  /** Resolves in a later turn of the event loop. */
  readonly turn: () => Promise<void>;
  readonly virtualClock: () => ManualClock;
  /** Keeps the process alive until the result is called. */
  readonly keepAlive: () => () => void;
  readonly printError: (text: string) => void;
}
