/** A cluster of the test kit in each of its surroundings, and what differs among them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startCluster } from "../../src/faces/cluster.ts";
import { describeCluster } from "./cluster_suite.ts";

describeCluster("sockets", {}, true);
describeCluster("memory", { network: "memory" }, false);
describeCluster("virtual", { network: "memory", clock: "virtual" }, true);

test("a setup that makes no sense is refused", async () => {
  const refused: [Parameters<typeof startCluster>[0], RegExp][] = [
    [{ size: 0 }, /"size" is a whole number from 1 to 200, not 0/],
    [{ size: 1.5 }, /not 1.5/],
    [{ clock: "virtual" }, /virtual clock needs network: "memory"/],
    [{ seed: 0.5 }, /"seed" is a whole number, not 0.5/],
    [{ limitMs: 0 }, /"limitMs" is above 0, not 0/],
    [
      { network: "memory", node: () => ({ http_port: 0 }) },
      /"http_port" needs network: "sockets"/,
    ],
    [
      { network: "memory", node: () => ({ registry: { port: 0 } }) },
      /"registry" needs network: "sockets"/,
    ],
    [
      {
        network: "memory",
        clock: "virtual",
        node: () => ({ discovery: { find: "nats-route://10.0.0.1:6222" } }),
      },
      /"discovery" needs clock: "real"/,
    ],
  ];
  for (const [setup, message] of refused) {
    await assert.rejects(startCluster(setup), {
      name: "InvalidArgumentError",
      message,
    });
  }
});
