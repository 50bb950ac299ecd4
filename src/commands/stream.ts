/** `midge stream`: carries streams from one server to another. */
import { connect, type NatsConnection } from "../faces/client.ts";
import { FlagError } from "../config/flags/flags.ts";
import { isError } from "../core/errors.ts";
import { print, printError } from "../runtime/process/system.ts";
import { type Say, sayer } from "./client_program.ts";
import { type Command, flagGroup, HELP_FLAG, taking } from "./command.ts";
import { clientConnectOptions, type ClientFlags } from "./connection_flags.ts";
import {
  askApi,
  type Contents,
  hasStream,
  readStream,
  RestoringStream,
  streamNames,
} from "./stream_transfer.ts";

const FLAGS = {
  quiet: {
    names: ["q", "quiet"],
    type: "boolean",
    doc: "Print only results and errors",
  },
  timeout: {
    names: ["timeout"],
    type: "duration",
    value: "duration",
    doc: "Longest wait for a server (5s)",
  },
  help: HELP_FLAG,
} as const;

const COPY: Command = {
  name: "copy",
  summary: "Carry streams from one server to another",
  about:
    "Copies streams, key-value and object buckets to another server, which\n" +
    "keeps sequences, gaps, times, headers and durable consumers, and compares\n" +
    "both sides at the end. Either may be Midge or nats-server 2.15.\n\n" +
    "Without STREAM all are copied. What is there already and the same is left\n" +
    "alone, so a copy that was broken off is run once more; a Midge as TARGET\n" +
    "keeps what came of a stream for an hour, and the copy goes on behind it.",
  words: [
    { name: "SOURCE", kind: "text" },
    { name: "TARGET", kind: "text" },
    { name: "STREAM", kind: "text", optional: true, repeated: true },
  ],
  flags: [flagGroup("Flags", FLAGS)],
  examples: [
    {
      line: "midge stream copy nats://old:4222 nats://new:4222",
      doc: "All streams",
    },
    {
      line:
        "midge stream copy nats://ann:s3cret@old:4222 new:4222 ORDERS KV_prices",
      doc: "A stream and a bucket, as a user",
    },
  ],
  exits: {
    done: "The target has all of the streams, and they are the same",
    failed: "A server is not there, or a stream is not copied",
  },
  run: taking(FLAGS, async (flags, words) => {
    const [source = "", target = "", ...names] = words;
    if (source === target) {
      throw new FlagError("SOURCE and TARGET are the same");
    }
    const from = await open("SOURCE", source, flags);
    try {
      const to = await open("TARGET", target, flags);
      try {
        return await copyAll(from, to, names, sayer(flags));
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  }),
};

/** `midge stream COMMAND` */
export const STREAM: Command = {
  name: "stream",
  summary: "Carry streams from one server to another",
  about: "Works with the streams of servers.",
  words: [],
  flags: [flagGroup("Flags", { help: HELP_FLAG })],
  commands: [COPY],
  examples: [
    {
      line: "midge stream copy nats://old:4222 nats://new:4222",
      doc: "Copy all streams",
    },
    {
      line: "midge stream copy old:4222 new:4222 ORDERS",
      doc: "Copy one of them",
    },
  ],
  exits: {
    done: "The target has all of the streams",
    failed: "One of them is not copied",
  },
  run: () => Promise.reject(new FlagError("COMMAND is missing")),
};

async function open(
  side: string,
  servers: string,
  flags: ClientFlags,
): Promise<NatsConnection> {
  let connection: NatsConnection | undefined;
  try {
    connection = await connect({
      name: "midge stream copy",
      reconnect: false,
      ...clientConnectOptions({ ...flags, servers }, sayer(flags)),
    });
    await askApi(connection, "INFO");
    return connection;
  } catch (error) {
    await connection?.close();
    if (error instanceof FlagError || !isError(error)) throw error;
    throw new Error(`${side}: ${error.message}`, { cause: error });
  }
}

async function copyAll(
  from: NatsConnection,
  to: NatsConnection,
  given: readonly string[],
  say: Say,
): Promise<number> {
  const names = given.length > 0 ? given : await streamNames(from);
  let failures = 0;
  for (const name of names) {
    try {
      print(`${name}: ${await copyOne(from, to, name, say)}\n`);
    } catch (error) {
      if (!isError(error)) throw error;
      failures++;
      printError(`${name}: not copied: ${error.message}\n`);
    }
  }
  if (names.length === 0) say("The source has no streams");
  return failures === 0 ? 0 : 1;
}

/** Copies a stream that the target does not have; what was done. */
async function copyOne(
  from: NatsConnection,
  to: NatsConnection,
  name: string,
  say: Say,
): Promise<string> {
  checkName(name);
  if (await hasStream(to, name)) {
    const source = await readStream(from, name, undefined);
    check(source, await readStream(to, name, undefined));
    return `is there already, ${summary(source)}`;
  }
  const { source, after } = await carry(from, to, name, say);
  try {
    check(source, await readStream(to, name, undefined));
    return `copied, ${summary(source)}`;
  } catch (error) {
    // What came before the copy was broken off may have changed at the source since.
    if (after === 0 || !(error instanceof DifferingStream)) throw error;
  }
  say(`${name}: the source has changed, so it is copied anew`);
  await askApi(to, `STREAM.DELETE.${name}`);
  const anew = await carry(from, to, name, say);
  check(anew.source, await readStream(to, name, undefined));
  return `copied, ${summary(anew.source)}`;
}

/** Carries a stream over: what the source has, and behind which sequence that began. */
async function carry(
  from: NatsConnection,
  to: NatsConnection,
  name: string,
  say: Say,
): Promise<{ readonly source: Contents; readonly after: number }> {
  let told = 0;
  const restoring = new RestoringStream(to, name, (bytes) => {
    if (bytes < told + PROGRESS_BYTES) return;
    told = bytes;
    say(`${name}: ${(bytes / MIB).toFixed(0)} MiB`);
  });
  const source = await readStream(from, name, {
    async begin(facts) {
      await restoring.begin(facts);
      const { after } = restoring;
      if (after > 0) say(`${name}: goes on behind message ${after}`);
    },
    chunk: (bytes, entries) => restoring.chunk(bytes, entries),
  });
  await restoring.end();
  return { source, after: restoring.after };
}

/** Both sides have a stream of one name, and they are not the same. */
class DifferingStream extends Error {
  override readonly name = "DifferingStream";
}

const MIB = 1024 * 1024;
const PROGRESS_BYTES = 8 * MIB;

/** NATS JetStream: a name is one token of a subject. */
function checkName(name: string): void {
  if (/^[^\s.*>/\\]+$/.test(name)) return;
  throw new Error("this is no name of a stream");
}

function summary({ messages, consumers, facts }: Contents): string {
  const { first_seq, last_seq } = facts.state;
  const of = consumers.length === 1 ? "consumer" : "consumers";
  return `${messages} messages (${first_seq} to ${last_seq}), ` +
    `${consumers.length} ${of}`;
}

/** Throws an error that says how the target differs. */
function check(source: Contents, target: Contents): void {
  const places = ({ facts: { state } }: Contents): string =>
    `${state.first_seq} to ${state.last_seq}`;
  const differences = [
    differs("messages", source.messages, target.messages),
    differs("sequences", places(source), places(target)),
    differs(
      "consumers",
      source.consumers.join(", "),
      target.consumers.join(", "),
    ),
    source.digest === target.digest ? "" : "the messages are not the same",
  ].filter((difference) => difference !== "");
  if (differences.length === 0) return;
  throw new DifferingStream(
    `the target has another stream of this name: ${differences.join("; ")}`,
  );
}

function differs(
  what: string,
  source: string | number,
  target: string | number,
): string {
  return source === target
    ? ""
    : `${what}: ${source || "none"} at the source, ${target || "none"} there`;
}
