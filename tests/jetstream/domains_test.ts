/** Nodes of one cluster with streams of different domains: who is answered by whom. */
import assert from "node:assert/strict";
import {
  type NatsConnection,
  type RunningCluster,
  type ServerConfig,
  startCluster,
} from "../../src/faces/cluster.ts";
import { createInbox } from "../../src/faces/client.ts";
import { test, type TestContext } from "../support/test.ts";

type Answer = Record<string, unknown>;

const SECOND = 1000;

interface Client {
  readonly connection: NatsConnection;
  /** All answers to a request, in JSON where they are; a status as its number. */
  all(subject: string, body?: unknown): Promise<unknown[]>;
  /** The only answer. Fails for a second one, and for none. */
  ask(subject: string, body?: unknown): Promise<Answer>;
}

async function clientOf(
  cluster: RunningCluster,
  node: number,
): Promise<Client> {
  const connection = await cluster.connect({ node });
  const all: Client["all"] = async (subject, body = "") => {
    const inbox = createInbox();
    const answers: unknown[] = [];
    const subscription = connection.subscribe(inbox, {
      callback: (_error, message) =>
        void answers.push(
          message.data.length === 0
            ? message.headers?.code ?? ""
            : message.json(),
        ),
    });
    await cluster.run(connection.flush());
    await cluster.settled();
    const text = body === "" ? "" : JSON.stringify(body);
    connection.publish(subject, text, { reply: inbox });
    await cluster.settled();
    await cluster.advance(SECOND);
    subscription.unsubscribe();
    return answers;
  };
  return {
    connection,
    all,
    async ask(subject, body) {
      const answers = await all(subject, body);
      const fault = (answers[0] as Answer | undefined)?.["error"];
      assert.equal(fault, undefined, `${subject}: ${JSON.stringify(fault)}`);
      assert.equal(answers.length, 1, `${subject}: ${JSON.stringify(answers)}`);
      return answers[0] as Answer;
    },
  };
}

async function scene(
  t: TestContext,
  domains: readonly (string | undefined)[],
): Promise<{ cluster: RunningCluster; clients: Client[] }> {
  const cluster = await startCluster({
    size: domains.length,
    network: "memory",
    clock: "virtual",
    node: (index): ServerConfig => {
      const domain = domains[index];
      return domain === undefined ? {} : {
        jetstream: { enabled: true, ...(domain !== "" && { domain }) },
      };
    },
  });
  t.after(() => cluster.stop());
  await cluster.settled();
  // The first one has streams before the others.
  for (const index of domains.keys()) {
    if (index === 0 || domains[index] === undefined) continue;
    await cluster.kill(index);
    await cluster.advance(SECOND);
    await cluster.restart(index);
    await cluster.advance(5 * SECOND);
    await cluster.settled();
  }
  const clients: Client[] = [];
  for (const index of domains.keys()) {
    clients.push(await clientOf(cluster, index));
  }
  return { cluster, clients };
}

const make = (name: string, subject: string): Answer => ({
  name,
  subjects: [subject],
  storage: "memory",
  allow_direct: true,
});

test("clients of every node reach each domain, and each request has one answer", async (t) => {
  const { clients } = await scene(t, ["hub", "leaf", undefined]);
  for (const client of clients) {
    for (const domain of ["hub", "leaf"]) {
      const told = await client.ask(`$JS.${domain}.API.INFO`);
      assert.equal(told["domain"], domain);
    }
    assert.deepEqual(await client.all("$JS.elsewhere.API.INFO"), [503]);
  }
  // Without a domain the node's own streams are meant, and where it has none those of the first.
  const meant = [];
  for (const client of clients) {
    meant.push((await client.ask("$JS.API.INFO"))["domain"]);
  }
  assert.deepEqual(meant, ["hub", "leaf", "hub"]);
});

test("streams, buckets and consumers of one name in two domains do not meet", async (t) => {
  const { cluster, clients } = await scene(t, ["hub", "leaf", undefined]);
  const [hub, leaf, other] = clients as [Client, Client, Client];
  for (const [client, domain] of [[hub, "leaf"], [leaf, "hub"]] as const) {
    const api = `$JS.${domain}.API`;
    const config = { ...make("S", `${domain}.>`) };
    await client.ask(`${api}.STREAM.CREATE.S`, config);
    await client.ask(`${api}.STREAM.CREATE.KV_b`, make("KV_b", "$KV.b.>"));
    await client.ask(`${api}.CONSUMER.CREATE.S.C`, {
      stream_name: "S",
      config: { durable_name: "C", ack_policy: "explicit" },
    });
    // A put by the name of the domain, from a third node.
    const put = await other.ask(`${api}.$KV.b.k`, domain);
    assert.deepEqual(put, { stream: "KV_b", domain, seq: 1 });
    const sent = await other.ask(`${domain}.1`, domain);
    assert.deepEqual(sent, { stream: "S", domain, seq: 1 });
  }
  for (const client of clients) {
    for (const domain of ["hub", "leaf"]) {
      const api = `$JS.${domain}.API`;
      assert.equal(
        (await client.ask(`${api}.STREAM.INFO.S`))["domain"],
        domain,
      );
      const got = await client.all(`${api}.DIRECT.GET.KV_b.$KV.b.k`);
      assert.deepEqual(got, [domain]);
    }
  }
  // A put without a domain goes where the node's own streams are, or the first.
  for (
    const [client, stays] of [[hub, "hub"], [leaf, "leaf"], [
      other,
      "hub",
    ]] as const
  ) {
    const { domain } = await client.ask("$KV.b.k", "x");
    assert.equal(domain, stays);
    const got = await client.all("$JS.API.DIRECT.GET.KV_b.$KV.b.k");
    assert.deepEqual(got, ["x"]);
  }
  // An acknowledgement from anywhere is for the one that delivered.
  const inbox = createInbox();
  let reply = "";
  other.connection.subscribe(inbox, {
    callback: (_error, message) => void (reply = message.reply ?? ""),
  });
  await cluster.settled();
  other.connection.publish("$JS.leaf.API.CONSUMER.MSG.NEXT.S.C", "1", {
    reply: inbox,
  });
  await cluster.advance(SECOND);
  assert.match(reply, /^\$JS\.ACK\.leaf\.\w{8}\.S\.C\.1\.1\.1\.\d+\.0$/);
  hub.connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", {
    reply: inbox,
  });
  await cluster.advance(SECOND);
  assert.match(reply, /^\$JS\.ACK\.hub\.\w{8}\.S\.C\.1\.1\.1\.\d+\.0$/);
  await cluster.run(other.connection.request(reply, "+ACK"));
  const waiting = [];
  for (const domain of ["hub", "leaf"]) {
    const info = await leaf.ask(`$JS.${domain}.API.CONSUMER.INFO.S.C`);
    waiting.push(info["num_ack_pending"]);
  }
  assert.deepEqual(waiting, [0, 1]);
});

test("nodes with streams come and go, and each request has one answer at most", async (t) => {
  const { cluster, clients } = await scene(t, ["hub", "leaf", undefined]);
  const [, leaf, other] = clients as [Client, Client, Client];
  await cluster.kill(0);
  await cluster.advance(SECOND);
  await cluster.settled();
  assert.equal((await other.ask("$JS.API.INFO"))["domain"], "leaf");
  assert.deepEqual(await other.all("$JS.hub.API.INFO"), [503]);
  await cluster.restart(0);
  await cluster.settled();
  await cluster.advance(5 * SECOND);
  await cluster.settled();
  // The one that has been there for longer goes on to be the first.
  assert.equal((await other.ask("$JS.API.INFO"))["domain"], "leaf");
  assert.equal((await other.ask("$JS.hub.API.INFO"))["domain"], "hub");
  assert.equal((await leaf.ask("$JS.hub.API.INFO"))["domain"], "hub");
  const hub = await clientOf(cluster, 0);
  assert.equal((await hub.ask("$JS.API.INFO"))["domain"], "hub");
  assert.equal((await hub.ask("$JS.leaf.API.INFO"))["domain"], "leaf");
});

test("a node without a domain is beside one with a domain", async (t) => {
  const { clients } = await scene(t, ["", "leaf", undefined]);
  const meant = [];
  for (const client of clients) {
    meant.push((await client.ask("$JS.API.INFO"))["domain"]);
  }
  assert.deepEqual(meant, [undefined, "leaf", undefined]);
  for (const client of clients) {
    assert.equal((await client.ask("$JS.leaf.API.INFO"))["domain"], "leaf");
  }
});
