/** The official client against nats-server, which proves the suite. */
import { existsSync } from "node:fs";
import { test } from "node:test";
import { officialClientSuite } from "./official_client_suite.ts";
import { NATS_SERVER, startNatsServer } from "./server_process.ts";

if (existsSync(NATS_SERVER)) {
  officialClientSuite("nats-server", startNatsServer);
} else {
  const skip = `There is no ${NATS_SERVER}`;
  test("the official client and nats-server", { skip }, () => {});
}
