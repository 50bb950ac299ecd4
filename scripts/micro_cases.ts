/**
 * What `bench_micro.ts` measures: small pieces of a broker by themselves, made of
 * the modules of whichever tree is asked for, so that two trees can be measured
 * in one process. A piece that a tree does not have, or has in another form,
 * fails and is left out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  StoredMessage,
  StreamStore,
} from "../src/jetstream/store/stream_store.ts";
import type { Words } from "../src/wire/words.ts";
import type { Subscriber } from "../src/core/subject_match.ts";
import type { LoadModule, MicroCase } from "./micro_case.ts";
import { brokerPieces } from "./micro_broker.ts";

const ENCODER = new TextEncoder();

type ParserModule = typeof import("../src/wire/parser.ts");
type ArgsModule = typeof import("../src/wire/args.ts");
type OpsModule = typeof import("../src/wire/ops.ts");

/** A parser as a client's, or as a route's, that is given the same chunk again and again. */
function parsing(
  name: string,
  line: (n: number) => string,
  readAs: "client" | "route",
): MicroCase {
  const count = 1000;
  const chunk = ENCODER.encode(
    Array.from({ length: count }, (_, n) => line(n)).join(""),
  );
  return {
    name: `parser: ${name}`,
    operations: count,
    async make(load) {
      const { Parser } = await load<ParserModule>("src/wire/parser.ts");
      const { MessageArgs } = await load<ArgsModule>("src/wire/args.ts");
      const { Op, NO_PAYLOAD } = await load<OpsModule>("src/wire/ops.ts");
      const args = new MessageArgs();
      const isClient = readAs === "client";
      const parser = new Parser({
        allowedOps: isClient
          ? [Op.PUB, Op.HPUB, Op.SUB, Op.UNSUB, Op.PING]
          : [Op.RMSG, Op.HMSG],
        ...isClient ? { pubArgs: () => args } : { routedArgs: args },
        published: () => 0,
        payload: (_, buffer, start, end) => args.complete(buffer, start, end),
        line(op, buffer, _start, _end, words: Words) {
          if (op === Op.PUB || op === Op.HPUB) {
            args.readPub(buffer, words, op === Op.HPUB);
          } else if (op === Op.RMSG || op === Op.HMSG) {
            args.readRoutedMsg(buffer, words, op === Op.HMSG);
          } else return NO_PAYLOAD;
          return args.message.size;
        },
      }, { maxControlLineBytes: 4096 });
      const run = (): void => {
        parser.parse(chunk);
      };
      return { run };
    },
  };
}

type SublistModule = typeof import("../src/core/sublist.ts");

const INTERESTS = 20_000;

function subscriber(subject: string): Subscriber {
  return { subject, queue: "", weight: 1 };
}

/** A sublist with many literal subjects and patterns, and what is asked of it. */
function looking(
  name: string,
  operations: number,
  runOn: (list: InstanceType<SublistModule["Sublist"]>) => () => void,
): MicroCase {
  return {
    name: `trie: ${name}`,
    operations,
    async make(load) {
      const { Sublist } = await load<SublistModule>("src/core/sublist.ts");
      const list = new Sublist();
      for (let n = 0; n < INTERESTS; n++) {
        list.insert(subscriber(`orders.${n}.created`));
        if (n % 10 === 0) list.insert(subscriber(`orders.*.${n}.>`));
      }
      return { run: runOn(list) };
    },
  };
}

function subjects(count: number, of: (n: number) => string): string[] {
  return Array.from({ length: count }, (_, n) => of(n));
}

type OutboxModule = typeof import("../src/core/outbox.ts");
type PoolModule = typeof import("../src/core/slab_pool.ts");

function filling(name: string, bytes: number, operations: number): MicroCase {
  const frame = new Uint8Array(bytes).fill(0x61);
  return {
    name: `outbox: ${name}`,
    operations,
    async make(load) {
      const { Outbox } = await load<OutboxModule>("src/core/outbox.ts");
      const { SlabPool } = await load<PoolModule>("src/core/slab_pool.ts");
      const outbox = new Outbox(new SlabPool(), {
        pendingBytes: 0,
        write: () => true,
      });
      const run = (): void => {
        for (let n = 0; n < operations; n++) {
          outbox.append(frame);
          if (n % 100 === 99) outbox.flush();
        }
        outbox.flush();
        outbox.reclaim();
      };
      return { run };
    },
  };
}

type MemoryModule = typeof import("../src/jetstream/store/memory_store.ts");
type FileModule = typeof import("../src/jetstream/store/file_store.ts");
type RuntimeModule = typeof import("../src/runtime/mod.ts");

/** Messages that are appended, read, and taken out, so that a store stays as large as it is. */
function storing(
  name: string,
  operations: number,
  open: (load: LoadModule) => Promise<Opened>,
): MicroCase {
  const payload = new Uint8Array(128).fill(0x61);
  const headers = new Uint8Array(0);
  const message = (seq: number): StoredMessage => ({
    ...{ seq, timeUs: 1_795_966_290_709_496 + seq, headers, payload },
    subject: `orders.${seq % 1000}`,
  });
  return {
    name: `store: ${name}`,
    operations,
    async make(load) {
      const { store, end } = await open(load);
      let seq = 0;
      const run = (): Promise<void> => {
        const first = seq + 1;
        for (let n = 0; n < operations; n++) store.append(message(++seq));
        for (let n = first; n <= seq; n++) store.load(n);
        for (let n = first - operations; n < first; n++) {
          if (n > 0) store.remove(n, false);
        }
        return synced(store);
      };
      return { run, end };
    },
  };
}

interface Opened {
  readonly store: StreamStore;
  end(): void | Promise<void>;
}

function synced(store: StreamStore): Promise<void> {
  return new Promise((resolve, reject) =>
    store.sync((error) => error === undefined ? resolve() : reject(error))
  );
}

async function inMemory(load: LoadModule): Promise<Opened> {
  const path = "src/jetstream/store/memory_store.ts";
  const { MemoryStore } = await load<MemoryModule>(path);
  return { store: new MemoryStore(), end() {} };
}

async function inFile(load: LoadModule): Promise<Opened> {
  const path = "src/jetstream/store/file_store.ts";
  const { FileStore } = await load<FileModule>(path);
  const { platform } = await load<RuntimeModule>("src/runtime/mod.ts");
  const folder = mkdtempSync(join(tmpdir(), "midge-micro-"));
  const { runSoon } = platform;
  const store = new FileStore(folder, platform.loadStorage(), runSoon);
  const end = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { store, end };
}

const ASKED = subjects(1000, (n) => `orders.${n * 7}.created`);
const CHANGED = subjects(500, (n) => `changes.${n}.*.done`).map(subscriber);

export const MICRO_CASES: readonly MicroCase[] = [
  parsing(
    "PUB, one subject, 16 B",
    () => "PUB orders.created 16\r\n0123456789abcdef\r\n",
    "client",
  ),
  parsing(
    "PUB, many subjects, 16 B",
    (n) => `PUB orders.${n} reply.${n} 16\r\n0123456789abcdef\r\n`,
    "client",
  ),
  parsing(
    "HPUB",
    (n) => `HPUB orders.${n} 18 22\r\nNATS/1.0\r\nA: b\r\n\r\n1234\r\n`,
    "client",
  ),
  parsing(
    "SUB and UNSUB",
    (n) => n % 2 === 0 ? `SUB orders.${n} ${n}\r\n` : `UNSUB ${n - 1}\r\n`,
    "client",
  ),
  parsing(
    "RMSG, many subjects",
    (n) => `RMSG $G orders.${n} 16\r\n0123456789abcdef\r\n`,
    "route",
  ),
  looking("match that is known", ASKED.length, (list) => () => {
    for (const subject of ASKED) list.match(subject);
  }),
  looking("match that is not known", ASKED.length, (list) => () => {
    for (const subject of ASKED) list.matchOnce(subject);
  }),
  looking("a pattern comes and goes", CHANGED.length * 2, (list) => () => {
    for (const one of CHANGED) list.insert(one);
    for (const one of CHANGED) list.remove(one);
  }),
  filling("64 B, 100 in a flush", 64, 5000),
  filling("4 KiB, 100 in a flush", 4096, 1000),
  ...brokerPieces(),
  storing("memory, append, read, remove", 1000, inMemory),
  storing("file, append, read, remove, one sync", 500, inFile),
];
