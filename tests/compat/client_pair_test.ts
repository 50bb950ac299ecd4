/** Midge's client beside the official one: the same steps, the same observations. */
import * as official from "@nats-io/transport-node";
import assert from "node:assert/strict";
import * as midge from "../../client.ts";
import { startServer } from "../../server.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";
import { CONNECTION_STEPS } from "./client_pair_connections.ts";
import type { Library, Stage, Step } from "./client_pair_observe.ts";
import { REQUEST_STEPS } from "./client_pair_requests.ts";
import { SUBSCRIPTION_STEPS } from "./client_pair_subscriptions.ts";
import { SWITCHING_STEPS } from "./client_pair_switching.ts";

const STEPS: readonly Step[] = [
  ...SUBSCRIPTION_STEPS,
  ...REQUEST_STEPS,
  ...CONNECTION_STEPS,
  ...SWITCHING_STEPS,
];

// The types differ where one of them is narrower; the steps use what is common.
const OFFICIAL = official as unknown as Library;

type StartBroker = (t: TestContext, step: Step) => Promise<number>;

const startMidge: StartBroker = async (t, { config = {} }) => {
  const at = { host: "127.0.0.1", port: 0 };
  const server = await startServer({ ...config, ...at });
  t.after(() => server.stop());
  return server.broker.port.lastAddress.port;
};

const startNats: StartBroker = async (t, { config = {} }) => {
  const server = await startNatsServer({ config: JSON.stringify(config) });
  t.after(() => server.stop());
  return server.port;
};

for (const step of STEPS) {
  test(`both clients and Midge: ${step.name}`, async (t) => {
    await compare(t, step, await startMidge(t, step));
  });
}

// One broker for all that need no configuration of their own: Go's starts slowly.
test(
  "both clients and nats-server: all of these steps",
  { skip: natsServerMissing },
  async (t) => {
    const shared = await startNats(t, { name: "", run: () => {} });
    for (const step of STEPS) {
      const port = step.config === undefined
        ? shared
        : await startNats(t, step);
      await compare(t, step, port);
    }
  },
);

async function compare(
  t: TestContext,
  step: Step,
  port: number,
): Promise<void> {
  const [theirs, ours] = [
    await observe(t, OFFICIAL, step, port),
    await observe(t, midge, step, port),
  ];
  assert.deepEqual(ours, theirs, step.name);
}

async function observe(
  t: TestContext,
  library: Library,
  step: Step,
  port: number,
): Promise<unknown> {
  const opened: { close(): Promise<void> }[] = [];
  t.after(() => Promise.all(opened.map((client) => client.close())));
  const stage: Stage = {
    library,
    client: async (options = {}) => {
      const servers = `127.0.0.1:${port}`;
      const client = await library.connect({
        servers,
        reconnect: false,
        ...options,
      });
      opened.push(client);
      return client;
    },
  };
  const seen = await step.run(stage);
  await Promise.all(opened.map((client) => client.close()));
  return seen;
}
