/**
 * One client library under load, for `bench_client.ts`: Midge's client or
 * nats.js, on the runtime that runs this. Reads one case in a line of standard
 * input, runs it, and prints its figures as a line of JSON.
 *
 *   deno run -A scripts/client_worker.ts midge|nats.js PORT
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { connect as connectMidge } from "../client.ts";

/** A message, as both libraries have it. */
interface Msg {
  readonly data: Uint8Array;
  readonly headers?: { get(name: string): string };
  string(): string;
  respond(payload?: Uint8Array): unknown;
}

/** What both libraries share, as far as it is measured. */
interface Client {
  publish(subject: string, payload: Uint8Array): unknown;
  subscribe(
    subject: string,
    options?: { callback(error: Error | null, message: Msg): void },
  ): AsyncIterable<Msg> & { unsubscribe(): void };
  request(
    subject: string,
    payload: Uint8Array,
    options: { timeout: number },
  ): Promise<Msg>;
  flush(): Promise<void>;
}

/** A case as `bench_client.ts` asks for it. */
export interface Task {
  readonly kind: "publish" | "callback" | "iterator" | "respond" | "request";
  readonly count: number;
  readonly size: number;
  /** Requests that wait for their answers at a time. */
  readonly inFlight: number;
}

/** What came of a case. */
export interface Result {
  readonly perSecond: number;
  /** Processor time of this process for one message or request. */
  readonly cpuNs: number;
  /** Of requests. */
  readonly p50Us?: number;
  readonly p99Us?: number;
}

/** Messages that are published before the program waits for the server. */
const FLUSH_EVERY = 10_000;

const REQUEST_MS = 20_000;

const [library = "", port = ""] = process.argv.slice(2);

async function open(): Promise<Client> {
  const servers = `127.0.0.1:${port}`;
  if (library === "midge") return await connectMidge({ servers });
  const { connect } = await import("@nats-io/transport-node");
  return await connect({ servers });
}

const client = await open();

/** Begins at the first message of a case. */
class Stopwatch {
  #startMs = 0;
  #cpu = process.cpuUsage();

  start(): void {
    this.#cpu = process.cpuUsage();
    this.#startMs = performance.now();
  }

  of(count: number): Result {
    const seconds = (performance.now() - this.#startMs) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      perSecond: count / seconds,
      cpuNs: (user + system) * 1000 / count,
    };
  }
}

async function publish({ count, size }: Task): Promise<Result> {
  const payload = new Uint8Array(size).fill(97);
  const watch = new Stopwatch();
  watch.start();
  for (let sent = 0; sent < count;) {
    for (let n = 0; n < FLUSH_EVERY && sent < count; n++, sent++) {
      client.publish("to.nobody", payload);
    }
    await client.flush();
  }
  return watch.of(count);
}

/** Says that it listens; then others publish. */
async function listens(): Promise<void> {
  await client.flush();
  console.log("{}");
}

async function callback({ count }: Task): Promise<Result> {
  const watch = new Stopwatch();
  let heard = 0;
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const subscription = client.subscribe("b.0000000", {
    callback: (_error, message) => {
      if (heard++ === 0) watch.start();
      bytes += message.data.length;
      if (heard === count) resolve();
    },
  });
  await listens();
  await promise;
  return ended(subscription, watch.of(heard), bytes);
}

async function iterator({ count }: Task): Promise<Result> {
  const watch = new Stopwatch();
  let heard = 0;
  let bytes = 0;
  const subscription = client.subscribe("b.0000000");
  await listens();
  for await (const message of subscription) {
    if (heard++ === 0) watch.start();
    bytes += message.data.length;
    if (heard === count) break;
  }
  return ended(subscription, watch.of(heard), bytes);
}

async function ended(
  subscription: { unsubscribe(): void },
  result: Result,
  bytes: number,
): Promise<Result> {
  if (bytes === 0) throw new Error("The messages were empty");
  subscription.unsubscribe();
  await client.flush();
  return result;
}

/** Answers requests of natsload until `count` have come. */
async function respond({ count, size }: Task): Promise<Result> {
  const watch = new Stopwatch();
  const payload = new Uint8Array(size).fill(97);
  let heard = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const subscription = client.subscribe("ask.me", {
    callback: (_error, message) => {
      if (heard++ === 0) watch.start();
      message.respond(payload);
      if (heard === count) resolve();
    },
  });
  await listens();
  await promise;
  const result = watch.of(heard);
  subscription.unsubscribe();
  await client.flush();
  return result;
}

async function request({ count, size, inFlight }: Task): Promise<Result> {
  const payload = new Uint8Array(size).fill(97);
  const times = new Float64Array(count);
  let begun = 0;
  const ask = async (): Promise<void> => {
    while (begun < count) {
      const at = begun++;
      const startMs = performance.now();
      await client.request("raw.echo", payload, { timeout: REQUEST_MS });
      times[at] = performance.now() - startMs;
    }
  };
  const watch = new Stopwatch();
  watch.start();
  await Promise.all(Array.from({ length: inFlight }, ask));
  const result = watch.of(count);
  times.sort();
  const at = (share: number): number => times[Math.floor(count * share)]! * 1e3;
  return { ...result, p50Us: at(0.5), p99Us: at(0.99) };
}

const KINDS = { publish, callback, iterator, respond, request };

for await (const line of createInterface({ input: process.stdin })) {
  const task: Task = JSON.parse(line);
  console.log(JSON.stringify(await KINDS[task.kind](task)));
}
process.exit(0);
