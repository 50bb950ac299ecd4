/** Three nats-servers with JetStream in a cluster, and Midge beside them: its clients use theirs. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "../../src/faces/client.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { freePort } from "../support/free_port.ts";
import { startMidge } from "../support/midge.ts";
import {
  modelMissing as skip,
  newestNatsServer as command,
} from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

type Answer = Record<string, unknown>;

/** Starts three nats-servers that replicate streams; gives where they are dialled. */
async function startReplicas(
  t: TestContext,
): Promise<{ host: string; port: number }[]> {
  const ports: number[] = [];
  while (ports.length < 3) ports.push(await freePort());
  const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`);
  // The servers end before their folders go.
  const folders = ports.map(() => mkdtempSync(join(tmpdir(), "midge-")));
  t.after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const servers = ports.map((port, index) => {
    const folder = folders[index]!;
    const file = join(folder, "nats.conf");
    writeFileSync(
      file,
      `listen: "127.0.0.1:-1"\nserver_name: n${index}
jetstream { store_dir: "${folder}", max_mem: 64M, max_file: 64M, domain: main }
cluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
    );
    return spawnCommand([command, "-c", file]);
  });
  for (const server of servers) {
    await server.waitFor(/JetStream cluster (?:new metadata leader|.*leader)/);
  }
  return ports.map((port) => ({ host: "127.0.0.1", port }));
}

test(
  "clients of Midge use streams with three replicas of nats-servers, beside some of Midge",
  {
    skip,
  },
  async (t) => {
    const routes = await startReplicas(t);
    const midge = await startMidge(t, {
      systemAccount: "$SYS",
      cluster: { routes },
    });
    await midge.server.cluster!.routesUp(3);
    const connection = await connect({ servers: `127.0.0.1:${midge.port}` });
    t.after(() => connection.close());
    const manager = await jetstreamManager(connection, { timeout: 20_000 });
    const { cluster } = await manager.streams.add({
      name: "S",
      subjects: ["s.>"],
      num_replicas: 3,
    });
    assert.equal(cluster?.replicas?.length, 2);
    await manager.consumers.add("S", {
      durable_name: "C",
      ack_policy: "explicit",
    });
    const stream = jetstream(connection, { timeout: 20_000 });
    assert.equal((await stream.publish("s.1", "hello")).seq, 1);
    const consumer = await stream.consumers.get("S", "C");
    const message = await consumer.next();
    assert.equal(message?.string(), "hello");
    assert.ok(await message?.ackAck());
    const bucket = await new Kvm(connection).create("B", { replicas: 3 });
    await bucket.put("tea", "2.50");
    assert.equal((await bucket.get("tea"))?.string(), "2.50");
    // A Midge with streams of its own does without them here.
    const other = await startMidge(t, {
      systemAccount: "$SYS",
      jetstream: defaultJetStreamOptions(),
      cluster: { routes },
    });
    await until(
      "it is off",
      () =>
        other.log.lines.some((line) =>
          /^ERR JetStream is off: server "n\d" /.test(line)
        ),
    );
    const guest = await connect({ servers: `127.0.0.1:${other.port}` });
    t.after(() => guest.close());
    await other.server.cluster!.routesUp(4);
    const { state } = await (await jetstreamManager(guest, { timeout: 20_000 }))
      .streams.info("S");
    assert.equal(state.messages, 1);
    await copiesBetween(t, routes);
  },
);

/** A Midge of another domain has streams beside them, and either copies the other's. */
async function copiesBetween(
  t: TestContext,
  routes: { host: string; port: number }[],
): Promise<void> {
  const edge = await startMidge(t, {
    systemAccount: "$SYS",
    jetstream: { ...defaultJetStreamOptions(), domain: "edge" },
    cluster: { routes },
  });
  await edge.server.cluster!.routesUp(5);
  const connection = await connect({ servers: `127.0.0.1:${edge.port}` });
  t.after(() => connection.close());
  const api = async (subject: string, body?: object): Promise<Answer> => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await connection.request(subject, text, { timeout: 20_000 });
    return answer.json();
  };
  const external = (domain: string): object => ({
    api: `$JS.${domain}.API`,
    deliver: `deliver.${domain}`,
  });
  assert.equal((await api("$JS.API.INFO"))["domain"], "edge");
  assert.equal((await api("$JS.main.API.INFO"))["domain"], "main");
  assert.equal((await api("$JS.API.STREAM.NAMES"))["streams"], null);
  const made = [
    await api("$JS.API.STREAM.CREATE.E", { name: "E", subjects: ["e.>"] }),
    await api("$JS.API.STREAM.CREATE.COPY", {
      name: "COPY",
      mirror: { name: "S", external: external("main") },
    }),
    await api("$JS.API.STREAM.CREATE.TAKEN", {
      name: "TAKEN",
      sources: [{
        name: "KV_B",
        filter_subject: "$KV.B.tea",
        external: external("main"),
      }],
    }),
    await api("$JS.main.API.STREAM.CREATE.COPY", {
      name: "COPY",
      mirror: { name: "E", external: external("edge") },
    }),
  ];
  for (const { error } of made) assert.equal(error, undefined);
  await connection.request("e.1", "from the edge");
  const subjects = [
    ["$JS.API", "COPY", "s.1"],
    ["$JS.API", "TAKEN", "$KV.B.tea"],
    ["$JS.main.API", "COPY", "e.1"],
  ];
  for (const [prefix, stream, subject] of subjects) {
    await until(`${subject} is in ${prefix} ${stream}`, async () => {
      const { message } = await api(`${prefix}.STREAM.MSG.GET.${stream}`, {
        seq: 1,
      });
      return (message as Answer | undefined)?.["subject"] === subject;
    });
  }
}
