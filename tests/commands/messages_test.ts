/** The client commands beside Midge itself, and what is special about it. */
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { startMidge } from "../support/midge.ts";
import { testMessages } from "./messages_suite.ts";

testMessages("Midge", false, async (t) => (await startMidge(t)).port);

testMessages("nats-server", natsServerMissing, async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  return server.port;
});
