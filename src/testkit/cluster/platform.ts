/** What the test kit needs of the machine. */
import type { ServerPlatform } from "../../app/parts.ts";
import type { WebDiallerPlatform } from "../../app/web_dialler.ts";
import type { MakeEcdsaPair } from "../../platform/key_pairs.ts";
import type { TlsProblems, TlsUpgrade } from "../../platform/socket.ts";
import type { ManualClock } from "../time/manual_clock.ts";

export interface TestPlatform
  extends
    Omit<ServerPlatform, "log" | keyof WebDiallerPlatform>,
    WebDiallerPlatform {
  /** Resolves in a later turn of the event loop. */
  readonly turn: () => Promise<void>;
  readonly virtualClock: () => ManualClock;
  /** Keeps the process alive until the result is called. */
  readonly keepAlive: () => () => void;
  readonly printError: (text: string) => void;
  /** The text of a file; throws for one that cannot be read. */
  readonly readTextFile: (path: string) => string;
  readonly tlsProblems: (tls: TlsUpgrade) => TlsProblems;
  readonly makeKeyPair: MakeEcdsaPair;
}
