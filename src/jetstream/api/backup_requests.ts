/** Requests that make a backup of a stream, and that bring one back. */
import { utf8ByteString } from "../../core/ascii.ts";
import { randomName } from "../../core/nuid.ts";
import { goJson } from "../../core/json.ts";
import { isLiteralSubject } from "../../core/subject.ts";
import type { AccountStreams } from "../account_streams.ts";
import { restoredConsumer } from "../backup/restored_consumer.ts";
import { consumerText } from "../backup/consumer_state.ts";
import {
  Restore,
  type RestoreEnd,
  type RestorePlan,
  RESUME_HEADER,
  synced,
} from "../backup/restore.ts";
import { BackupError } from "../backup/s2_block.ts";
import { type SnapshotOptions, StreamSnapshot } from "../backup/snapshot.ts";
import { momentText } from "../moments.ts";
import type { StreamStore } from "../store/stream_store.ts";
import { STREAM_CONFIG, type StreamConfig } from "../stream/stream_config.ts";
import { streamInfo } from "./answers.ts";
import type { ApiCall, ApiRequest } from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { checkedNew, toldOfStream } from "./stream_requests.ts";
import type { Shape, Struct } from "./shape.ts";

const BOOL: Shape = { kind: "bool" };
const INT: Shape = { kind: "int", type: "int" };
const STRING: Shape = { kind: "string" };

const SNAPSHOT: Struct = {
  name: "JSApiStreamSnapshotRequest",
  fields: {
    deliver_subject: STRING,
    no_consumers: BOOL,
    chunk_size: INT,
    window_size: INT,
    jsck: BOOL,
  },
};
const STATE: Struct = {
  name: "StreamState",
  fields: {
    messages: { kind: "int", type: "uint64" },
    bytes: { kind: "int", type: "uint64" },
    first_seq: { kind: "int", type: "uint64" },
    first_ts: { kind: "time" },
    last_seq: { kind: "int", type: "uint64" },
    last_ts: { kind: "time" },
    num_subjects: INT,
    subjects: { kind: "map" },
    num_deleted: INT,
    deleted: { kind: "ints", type: "uint64" },
    lost: { kind: "map" },
    consumer_count: INT,
  },
};
const RESTORE: Struct = {
  name: "JSApiStreamRestoreRequest",
  fields: {
    config: { kind: "struct", struct: STREAM_CONFIG },
    state: { kind: "struct", struct: STATE },
  },
};

const ID_CHARS = 22;
const KIB = 1024;
const CHUNK_BYTES = { least: KIB, usual: 128 * KIB, most: 1024 * KIB };
const WINDOW_BYTES = { least: KIB, usual: 8192 * KIB, most: 32_768 * KIB };
const STREAM_CREATED = "io.nats.jetstream.api.v1.stream_create_response";

export function backupRequests(): readonly ApiCall[] {
  return [
    {
      pattern: "STREAM.SNAPSHOT.*",
      type: "stream_snapshot_response",
      answer: snapshot,
    },
    {
      pattern: "STREAM.RESTORE.*",
      type: "stream_restore_response",
      isOfOthers: true,
      behindError: { deliver_subject: "" },
      answer: restore,
    },
  ];
}

/** NATS JetStream: a request that says nothing is a bad one. */
function checkSays({ text }: ApiRequest): void {
  if (/^\s*(\{\s*\})?\s*$/.test(text)) throw new ApiError(10003);
}

function within(
  given: unknown,
  { least, usual, most }: typeof CHUNK_BYTES,
): number {
  if (typeof given !== "number" || given === 0) return usual;
  return Math.min(most, Math.max(least, given));
}

function snapshot(account: AccountStreams, request: ApiRequest): object {
  checkSays(request);
  const { host } = account;
  const open = account.named(request.tokens[0]!);
  const asked = request.read(SNAPSHOT);
  const to = utf8ByteString(String(asked["deliver_subject"] ?? ""));
  if (!isLiteralSubject(to)) throw new ApiError(10015);
  const options: SnapshotOptions = {
    to,
    chunkBytes: within(asked["chunk_size"], CHUNK_BYTES),
    windowBytes: within(asked["window_size"], WINDOW_BYTES),
  };
  const { stream, consumers } = open;
  const { config, state } = streamInfo(open, host.moments.nowUs()) as {
    config: object;
    state: object;
  };
  const kept = asked["no_consumers"] === true ? [] : [...consumers.values()]
    .filter((consumer) => consumer.config.durable_name !== undefined);
  const files = [
    ["state.json", goJson(state)] as const,
    ...kept.map((one) => [`consumers/${one.name}`, consumerText(one)] as const),
  ];
  const start = momentText(host.moments.nowUs());
  const client = request.client();
  host.advisories.backup("SNAPSHOT_CREATE", stream.name, { state, client });
  const id = randomName(host.random, ID_CHARS);
  const done = (error?: string): void => {
    const end = momentText(host.moments.nowUs());
    const why = error !== undefined && { error };
    const facts = { start, end, client, ...why };
    host.advisories.backup("SNAPSHOT_COMPLETE", stream.name, facts);
  };
  request.whenAnswered(() => {
    new StreamSnapshot(stream, files, options, id, done);
  });
  return { config, state };
}

/**
 * The store for a stream that comes from a backup. Where a client that goes on was
 * broken off, it has what came until then. Throws an `ApiError` where the name is
 * in use.
 */
async function storeFor(
  account: AccountStreams,
  plan: RestorePlan,
): Promise<StreamStore> {
  const { config, config: { name } } = plan;
  const earlier = account.restores.get(name);
  let store: StreamStore | undefined;
  if (earlier !== undefined) {
    const goesOn = plan.isResumable && earlier.plan.isResumable &&
      JSON.stringify(earlier.plan.config) === JSON.stringify(config);
    if (goesOn) store = await earlier.takeOver();
    else if (earlier.isBrokenOff) await earlier.stop("another one comes");
  }
  if (account.streams.has(name) || account.restores.has(name)) {
    throw new ApiError(10130);
  }
  return store ?? account.restoredStore(config);
}

async function restore(
  account: AccountStreams,
  request: ApiRequest,
): Promise<object> {
  checkSays(request);
  const [name = ""] = request.tokens;
  const { config: given = {} } = request.read(RESTORE) as {
    config?: Partial<StreamConfig>;
  };
  if (given.name !== name) throw new ApiError(10056);
  if (account.streams.has(name)) throw new ApiError(10130);
  const isResumable = request.headers.has(RESUME_HEADER);
  const plan = { config: checkedNew(account, given), isResumable };
  const store = await storeFor(account, plan);
  const { config } = plan;
  const after = store.lastSeq;
  const { host } = account;
  const { advisories, moments } = host;
  const client = request.client();
  const start = momentText(moments.nowUs());
  const id = randomName(host.random, ID_CHARS);
  const subject = `$JS.SNAPSHOT.RESTORE.${utf8ByteString(name)}.${id}`;
  const end: RestoreEnd = {
    complete: (files) => complete(account, config, store, files.consumers),
    failed: (why) =>
      goJson({
        type: STREAM_CREATED,
        error: new ApiError(10062, why).record(),
        config: undefined,
      }),
    over(bytes, error) {
      account.restores.delete(name);
      if (error !== undefined) {
        host.log.error(`Stream ${name} is not restored: ${error}`);
      }
      const end = momentText(moments.nowUs());
      const facts = { start, end, bytes, client };
      advisories.backup("RESTORE_COMPLETE", name, facts);
    },
  };
  account.restores.set(name, new Restore(host, subject, plan, store, end));
  advisories.backup("RESTORE_CREATE", name, { client });
  return {
    deliver_subject: subject,
    ...(isResumable && { resumes_after: after }),
  };
}

/** All of a backup is in the store: its consumers, too, and the stream is opened. */
async function complete(
  account: AccountStreams,
  config: StreamConfig,
  store: StreamStore,
  consumers: ReadonlyMap<string, string>,
): Promise<string> {
  const createdUs = account.host.moments.nowUs();
  for (const [name, text] of consumers) {
    restoredConsumer(store, { name, text, createdUs }, config, account.host);
  }
  await synced(store);
  if (account.streams.has(config.name)) {
    throw new BackupError("the name of the stream is in use");
  }
  // What the account has may have changed since it was asked for.
  checkedNew(account, config);
  const open = await account.adopt(config, store, createdUs);
  await open.stream.settled();
  return goJson({ type: STREAM_CREATED, ...toldOfStream(account, open) });
}
