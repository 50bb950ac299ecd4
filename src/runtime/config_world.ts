/** What configuration files reach of this machine, and the turns in which long ones are read. */
import { runSoon } from "./net/run_soon.ts";
import { tlsProblems } from "./net/tls_context.ts";
import { sha256 } from "./process/digest.ts";
import { verifySignature } from "./process/signatures.ts";
import { environment, readTextFile } from "./process/system.ts";

/** A `ConfigWorld`. */
export const configWorld: {
  readonly readFile: (path: string) => string;
  readonly env: (name: string) => string | undefined;
  readonly sha256: (text: string) => string;
  readonly verifySignature: typeof verifySignature;
  readonly tlsProblems: typeof tlsProblems;
  readonly pause: () => Promise<void>;
} = {
  readFile: readTextFile,
  env: environment,
  sha256,
  verifySignature,
  tlsProblems,
  pause: () => new Promise((resolve) => runSoon(resolve)),
};
