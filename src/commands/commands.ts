/** Every sub-command, in the order in which help lists them. */
import { BENCH } from "./bench/bench.ts";
import { CLUSTER } from "./cluster.ts";
import type { Command } from "./command.ts";
import { makeCompletion } from "./completion.ts";
import { CONFIG } from "./config.ts";
import { makeHelp } from "./help_command.ts";
import { MKPASSWD } from "./mkpasswd.ts";
import { PUB } from "./pub.ts";
import { PUBLISHER } from "./publisher.ts";
import { REPLY } from "./reply.ts";
import { REQUEST } from "./request.ts";
import { SERVER } from "./server.ts";
import { STREAM } from "./stream.ts";
import { SUB } from "./sub.ts";
import { VERSION } from "./version.ts";
import { WORKER } from "./worker.ts";

export const COMMANDS: readonly Command[] = [
  SERVER,
  PUB,
  SUB,
  REQUEST,
  REPLY,
  WORKER,
  PUBLISHER,
  CLUSTER,
  STREAM,
  BENCH,
  MKPASSWD,
  CONFIG,
  makeCompletion(() => COMMANDS),
  makeHelp(() => COMMANDS),
  VERSION,
];
