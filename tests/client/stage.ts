/**
 * The brokers and clients of one test with a real broker, whichever it is, and
 * what many of these tests do.
 */
import {
  connect,
  type ConnectionOptions,
  type Msg,
  type NatsConnection,
  type Status,
} from "../../client.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

export interface BrokerOptions {
  /** Keys of the configuration file, without addresses. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Default: any free port of 127.0.0.1. */
  readonly port?: number;
  /** Route ports of brokers to join; with it, even when empty, there is a cluster. */
  readonly routes?: readonly number[];
}

export interface RunningBroker {
  readonly port: number;
  readonly clusterPort: number;
  stop(): Promise<void>;
}

export interface SuiteOptions {
  start(options: BrokerOptions): Promise<RunningBroker>;
  /** Why the broker cannot be tested here. */
  readonly skip?: string | false;
}

/** Declares one test; its sentence goes on after the broker's name. */
export type Declare = (
  sentence: string,
  run: (stage: Stage) => Promise<void>,
) => void;

/** Declares tests with this broker. */
export function declareWith(name: string, suite: SuiteOptions): Declare {
  const skip = suite.skip ?? false;
  return (sentence, run) => {
    test(`${name}: ${sentence}`, { skip }, (t) => run(new Stage(t, suite)));
  };
}

/** The brokers and clients of one test; all of them end with it. */
export class Stage {
  readonly #t: Cleanup;
  readonly #suite: SuiteOptions;
  #broker: RunningBroker | undefined;

  constructor(t: Cleanup, suite: SuiteOptions) {
    this.#t = t;
    this.#suite = suite;
  }

  async broker(options: BrokerOptions = {}): Promise<RunningBroker> {
    const broker = await this.#suite.start(options);
    this.#t.after(() => broker.stop());
    return broker;
  }

  async connect(options: ConnectionOptions): Promise<NatsConnection> {
    const client = await connect(options);
    this.#t.after(() => client.close());
    return client;
  }

  /** A client of the test's one broker, which starts with the first client. */
  async client(
    options: ConnectionOptions = {},
    broker: BrokerOptions = {},
  ): Promise<NatsConnection> {
    this.#broker ??= await this.broker(broker);
    const servers = `127.0.0.1:${this.#broker.port}`;
    return await this.connect({ servers, ...options });
  }
}

export async function readAll(messages: AsyncIterable<Msg>): Promise<Msg[]> {
  const all: Msg[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Reads events up to one of this type. */
export async function untilStatus(
  status: AsyncIterator<Status>,
  type: Status["type"],
  isWanted: (event: Status) => boolean = () => true,
): Promise<Status> {
  for (;;) {
    const { done, value } = await status.next();
    if (done === true) {
      throw new Error(`The connection closed before "${type}"`);
    }
    if (value.type === type && isWanted(value)) return value;
  }
}
