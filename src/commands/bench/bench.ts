/** `midge bench`: measures servers that speak NATS. */
import { FlagError } from "../../config/flags/flags.ts";
import { type Command, flagGroup, HELP_FLAG, taking } from "../command.ts";
import { BENCH_REPLY, BENCH_REQUEST } from "./asking.ts";
import { BENCH_JS } from "./streams.ts";
import { BENCH_PUB, BENCH_PUBSUB, BENCH_SUB } from "./messages.ts";
import { runVersus, VERSUS_FLAGS } from "./versus.ts";

const FLAGS = { ...VERSUS_FLAGS, help: HELP_FLAG } as const;

/** `midge bench COMMAND` */
export const BENCH: Command = {
  name: "bench",
  summary: "Measure how fast a server is",
  about:
    "Measures a server that speaks NATS: messages and bytes in a second, and how\n" +
    "long they take. All clients of a run share one thread. INT or TERM ends a\n" +
    "run, which tells what it has measured until then.\n\n" +
    "With -versus it starts two servers itself and compares them.",
  words: [],
  flags: [flagGroup("Flags", FLAGS)],
  commands: [
    BENCH_PUB,
    BENCH_SUB,
    BENCH_PUBSUB,
    BENCH_REQUEST,
    BENCH_REPLY,
    BENCH_JS,
  ],
  examples: [
    {
      line: "midge bench pubsub test --msgs 1M --size 16",
      doc: "A publisher and a subscriber",
    },
    {
      line: "midge bench pub test -s nats://node-b:5222 --json",
      doc: "Publish through another server, for another program",
    },
    {
      line: "midge bench --versus nats-server",
      doc: "Midge and the nats-server of the PATH, side by side",
    },
  ],
  exits: {
    done: "It was measured",
    failed: "No server, it refused, or something was lost",
  },
  run: taking(FLAGS, (flags) => {
    if (flags.versus !== undefined) return runVersus(flags);
    throw new FlagError("COMMAND is missing, or -versus");
  }),
};
