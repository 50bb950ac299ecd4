/** A server's life over streams in files, which a test does something to between two lives. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import type { TestContext } from "../support/test.ts";
import { type Answer, type Asker, asker } from "./request.ts";

export const MESSAGES = 5;

export interface Life {
  readonly asking: Asker;
  readonly log: string;
  /** What `/healthz` says is wrong. */
  readonly health: string;
  stop(): Promise<void>;
}

/** A server with its streams in `storeDir`. */
export async function start(t: TestContext, storeDir: string): Promise<Life> {
  const { server, port, log, httpPort } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir },
    http: { host: "127.0.0.1", port: 0 },
  });
  const health = await fetch(`http://127.0.0.1:${httpPort}/healthz`);
  const { error = "" } = await health.json() as { error?: string };
  return {
    asking: await asker(t, port),
    log: log.lines.join("\n"),
    health: error,
    stop: () => server.stop(),
  };
}

/** Files of a stream `A` with messages and a consumer, and of a stream `B`; gives the folder of `A`. */
export async function written(
  t: TestContext,
  storeDir: string,
): Promise<string> {
  const { asking, stop } = await start(t, storeDir);
  for (const name of ["A", "B"]) {
    await asking.api(`STREAM.CREATE.${name}`, streamOf(name));
  }
  for (let i = 0; i < MESSAGES; i++) await asking.publish("A", `${i}`);
  const config = { durable_name: "C", ack_policy: "explicit" };
  await asking.api("CONSUMER.CREATE.A.C", { stream_name: "A", config });
  await stop();
  return join(storeDir, "$G", "streams", "A");
}

export function streamOf(name: string): Answer {
  return { name, subjects: [name] };
}

/** Stream `A` has all that was written. */
export async function checkWhole(
  { asking }: Partial<Life> & Pick<Life, "asking">,
): Promise<void> {
  const { state, error } = await asking.api("STREAM.INFO.A");
  const { messages, last_seq } = (state ?? {}) as Answer;
  assert.deepEqual([messages, last_seq, error], [
    MESSAGES,
    MESSAGES,
    undefined,
  ]);
  assert.equal(await asking.error("CONSUMER.INFO.A.C"), undefined);
}
