/**
 * The platform as one value: what a server and a client need of the machine.
 * Tests hand over other values; nothing else in Midge looks for these. More than
 * a dozen members: because it is the sum of what the rooms ask for, and each of
 * them names the few that it takes.
 */
import type { Clock, Random } from "../platform/clock.ts";
import type { Deflate } from "../platform/deflate.ts";
import type { Dns } from "../platform/dns.ts";
import type { Fetch } from "../platform/fetch.ts";
import type { Files } from "../platform/files.ts";
import type { Flow } from "../platform/flow.ts";
import type { Gzip } from "../platform/gzip.ts";
import type { Network } from "../platform/socket.ts";
import type {
  MakeSigner,
  Sha1,
  VerifySignature,
} from "../platform/signatures.ts";
import type { LoadStorage } from "../platform/storage.ts";
import type { RunSoon } from "../platform/turns.ts";
import { compareBcrypt } from "./bcrypt/bcrypt.ts";
import { machineNetwork } from "./net/network.ts";
import { dns } from "./net/dns.ts";
import { fetchAnswer } from "./net/fetch.ts";
import { deflate } from "./process/deflate.ts";
import { sha1, sha256 } from "./process/digest.ts";
import { files, makeFolder } from "./process/files.ts";
import { flow } from "./process/flow.ts";
import { gzip } from "./process/gzip.ts";
import { serveHttp } from "./net/http.ts";
import { runSoon } from "./net/run_soon.ts";
import { makeSigner, verifySignature } from "./process/signatures.ts";
import { loadStorage } from "./storage/sqlite.ts";
import {
  addressesRefused,
  coreCount,
  cpuSeconds,
  environment,
  interfaceAddresses,
  keepProcessAlive,
  memoryUsage,
  runtimeName,
  systemClock,
  systemRandom,
} from "./process/system.ts";

export interface Platform {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: Fetch;
  readonly dns: Dns;
  readonly files: Files;
  readonly makeFolder: (path: string) => Promise<void>;
  readonly sha256: (text: string) => string;
  /** A variable of the environment; undefined when it is not set. */
  readonly environment: (name: string) => string | undefined;
  /** Like "deno 2.9.6". */
  readonly runtimeName: string;
  readonly interfaceAddresses: () => string[];
  readonly addressesRefused: () => string | undefined;
  readonly compareHash: (secret: string, hash: string) => Promise<boolean>;
  readonly verifySignature: VerifySignature;
  readonly makeSigner: MakeSigner;
  readonly serveHttp: typeof serveHttp;
  readonly memoryUsage: () => number;
  readonly cpuSeconds: () => number;
  readonly coreCount: () => number;
  readonly keepProcessAlive: () => () => void;
  readonly runSoon: RunSoon;
  readonly flow: Flow;
  readonly gzip: Gzip;
  readonly deflate: Deflate;
  readonly sha1: Sha1;
  readonly loadStorage: LoadStorage;
}

/** The machine that this process runs on. */
export const platform: Platform = {
  network: machineNetwork,
  clock: systemClock,
  random: systemRandom,
  fetch: fetchAnswer,
  dns,
  files,
  makeFolder,
  sha256,
  environment,
  runtimeName: runtimeName(),
  interfaceAddresses,
  addressesRefused,
  compareHash: compareBcrypt,
  verifySignature,
  makeSigner,
  serveHttp,
  memoryUsage,
  cpuSeconds,
  coreCount,
  keepProcessAlive,
  runSoon,
  flow,
  gzip,
  deflate,
  sha1,
  loadStorage,
};
