/** The official client against nats-server, which proves the suite, and against Midge. */
import { natsServerMissing } from "../support/nats_server.ts";
import { test } from "../support/test.ts";
import { officialClientSuite } from "./official_client_suite.ts";
import { startMidge, startNatsServer } from "./server_process.ts";

if (natsServerMissing === false) {
  officialClientSuite("nats-server", startNatsServer);
} else {
  const skip = natsServerMissing;
  test("the official client and nats-server", { skip }, () => {});
}

officialClientSuite("Midge", startMidge);
