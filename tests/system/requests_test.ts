/** Requests about servers and accounts, and what becomes of those that make no sense. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  accepting,
  connectAs,
  type Json,
  startSystem,
} from "./system_client.ts";

test("every page of monitoring is answered, to the server's id and to all", async (t) => {
  const { ask, id } = await startSystem(t, { serverName: "one" });
  const names =
    "VARZ SUBSZ CONNZ ROUTEZ GATEWAYZ LEAFZ ACCOUNTZ JSZ HEALTHZ PROFILEZ EXPVARZ IPQUEUESZ RAFTZ";
  for (const name of names.split(" ")) {
    for (const whom of [id, "PING"]) {
      const { server, data, error } = await ask(
        `$SYS.REQ.SERVER.${whom}.${name}`,
      );
      assert.equal(error, undefined, name);
      assert.equal((server as Json)["name"], "one");
      assert.equal(typeof data, "object", name);
    }
  }
});

test("a server says who it is in each answer, with a number that grows", async (t) => {
  const { ask, id } = await startSystem(t, {
    serverName: "one",
    serverTags: ["a"],
    cluster: { name: "C" },
  });
  const first = (await ask("$SYS.REQ.SERVER.PING"))["server"] as Json;
  const next = (await ask("$SYS.REQ.SERVER.PING.STATSZ"))["server"] as Json;
  const { seq, time, ...rest } = first;
  assert.deepEqual(rest, {
    name: "one",
    host: "127.0.0.1",
    id,
    cluster: "C",
    ver: "2.15.3",
    tags: ["a"],
    jetstream: false,
    flags: 0,
  });
  assert.ok(Number(next["seq"]) > Number(seq));
  assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
});

test("IDZ is bare, whatever its body says", async (t) => {
  const { ask, id } = await startSystem(t, { serverName: "one" });
  for (const body of ["", "junk", { server_name: "zz" }]) {
    assert.deepEqual(await ask("$SYS.REQ.SERVER.PING.IDZ", body), {
      name: "one",
      host: "127.0.0.1",
      id,
    });
  }
});

test("the options of a request are those of its page", async (t) => {
  const system = await startSystem(t);
  const { ask, midge } = system;
  const a = await connectAs(t, midge, "a", "in A");
  a.subscribe("x.y", { queue: "q" });
  await a.flush();
  const connz = async (body: Json): Promise<Json[]> => {
    const { data } = await ask("$SYS.REQ.SERVER.PING.CONNZ", body);
    return (data as Json)["connections"] as Json[];
  };
  const [one, ...others] = await connz({ acc: "A", auth: true });
  assert.deepEqual(others, []);
  assert.deepEqual(
    [one?.["authorized_user"], one?.["account"], one?.["name"]],
    ["a", "A", "in A"],
  );
  assert.equal((await connz({ user: "a" })).length, 1);
  // NATS monitoring: of an account that is not there, there is not even a list.
  assert.equal(await connz({ acc: "ZZ" }), null);
  assert.equal((await connz({ limit: 1, sort: "start" })).length, 1);
  const [listed] = await connz({ acc: "A", subscriptions: true });
  assert.deepEqual(listed?.["subscriptions_list"], ["x.y"]);
  const [detailed] = await connz({
    subscriptions_detail: true,
    subscriptions: true,
    ACC: "A",
  });
  const [detail] = detailed?.["subscriptions_list_detail"] as Json[];
  assert.equal(detail?.["qgroup"], "q");
  await a.close();
  await until("it is gone", () => midge.server.connz({ acc: "A" }).total === 0);
  const [gone] = await connz({ state: 1, acc: "A" });
  assert.equal(gone?.["reason"], "Client Closed");
  const subsz = (await ask("$SYS.REQ.SERVER.PING.SUBSZ", {
    account: "$SYS",
    subscriptions: true,
    test: "nobody.here",
  }))["data"] as Json;
  assert.equal(subsz["total"], 0);
});

test("errors have the words of nats-server", async (t) => {
  const { ask } = await startSystem(t);
  const page = async (name: string, body: unknown): Promise<Json> => {
    const { server: _, ...rest } = await ask(
      `$SYS.REQ.SERVER.PING.${name}`,
      body,
    );
    return rest;
  };
  const into = "into Go struct field";
  const options = "ConnzEventOptions.ConnzOptions";
  const refused: [name: string, body: unknown, text: string][] = [
    ["VARZ", "xx", "invalid character 'x' looking for beginning of value"],
    ["VARZ", "{", "unexpected end of JSON input"],
    [
      "VARZ",
      '{"a":1,}',
      "invalid character '}' looking for beginning of object key string",
    ],
    ["VARZ", '{"a":1 b', "invalid character 'b' after object key:value pair"],
    ["VARZ", '{"a" 1', "invalid character '1' after object key"],
    ["VARZ", "[1 2", "invalid character '2' after array element"],
    ["VARZ", "{} x", "invalid character 'x' after top-level value"],
    ["VARZ", "nulx", "invalid character 'x' in literal null (expecting 'l')"],
    ["VARZ", "-x", "invalid character 'x' in numeric literal"],
    [
      "VARZ",
      "1.x",
      "invalid character 'x' after decimal point in numeric literal",
    ],
    ["VARZ", '"\\q"', "invalid character 'q' in string escape code"],
    ["VARZ", '{"a":"\n"}', "invalid character '\\n' in string literal"],
    [
      "VARZ",
      "[]",
      "json: cannot unmarshal array into Go value of type server.VarzEventOptions",
    ],
    [
      "CONNZ",
      { sort: 5 },
      `json: cannot unmarshal number ${into} ${options}.sort of type server.SortOpt`,
    ],
    [
      "CONNZ",
      { state: "x" },
      `json: cannot unmarshal string ${into} ${options}.state of type server.ConnState`,
    ],
    [
      "CONNZ",
      { auth: {} },
      `json: cannot unmarshal object ${into} ${options}.auth of type bool`,
    ],
    [
      "CONNZ",
      { cid: -1 },
      `json: cannot unmarshal number -1 ${into} ${options}.cid of type uint64`,
    ],
    [
      "STATSZ",
      { server_name: 1 },
      `json: cannot unmarshal number ${into} StatszEventOptions.EventFilterOptions.server_name of type string`,
    ],
    [
      "STATSZ",
      { tags: [1] },
      `json: cannot unmarshal number ${into} StatszEventOptions.EventFilterOptions.tags of type string`,
    ],
  ];
  for (const [name, body, description] of refused) {
    assert.deepEqual(
      await page(name, body),
      { error: { code: 400, description } },
      `${name} ${JSON.stringify(body)}`,
    );
  }
  const failed: [name: string, body: unknown, text: string][] = [
    ["CONNZ", { sort: "zork" }, "invalid sorting option: zork"],
    [
      "SUBSZ",
      { test: "a.*" },
      "invalid test subject, must be valid publish subject: a.*",
    ],
    ["ACCOUNTZ", { account: "ZZ" }, "Account ZZ does not exist"],
  ];
  for (const [name, body, description] of failed) {
    const error = { code: 500, description };
    assert.deepEqual(await page(name, body), { data: null, error });
  }
});

test("a body that is nested deeper than a stack is harmless", async (t) => {
  const { ask } = await startSystem(t);
  const depth = 200_000;
  const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const { error } = await ask("$SYS.REQ.SERVER.PING.VARZ", deep);
  assert.equal((error as Json)["code"], 400);
  assert.equal(typeof (await ask("$SYS.REQ.SERVER.PING"))["statsz"], "object");
});

test("only the servers that the filters mean answer", async (t) => {
  const { ask, client } = await startSystem(t, {
    serverName: "node-1",
    serverTags: ["blue", "big"],
    cluster: { name: "east" },
  });
  const meant: Json[] = [
    {},
    { server_name: "ode" },
    { server_name: "node-1", exact_match: true },
    { cluster: "eas" },
    { host: "127" },
    { tags: ["big"] },
    { tags: ["big", "BLUE"] },
    { server_name: null },
  ];
  for (const filter of meant) {
    const { statsz } = await ask("$SYS.REQ.SERVER.PING", filter);
    assert.equal(typeof statsz, "object", JSON.stringify(filter));
  }
  const others: Json[] = [
    { server_name: "node-2" },
    { server_name: "ode", exact_match: true },
    { cluster: "west" },
    { host: "10." },
    { tags: ["big", "red"] },
    { domain: "hub" },
  ];
  const answers: string[] = [];
  client.subscribe("answers.*", {
    callback: (_error, { subject }) => void answers.push(subject),
  });
  for (const [index, filter] of others.entries()) {
    for (const page of ["PING", "PING.VARZ"]) {
      client.publish(`$SYS.REQ.SERVER.${page}`, JSON.stringify(filter), {
        reply: `answers.${index}`,
      });
    }
  }
  client.publish("$SYS.REQ.SERVER.PING.VARZ", "", { reply: "answers.last" });
  await until("the last is answered", () => answers.includes("answers.last"));
  assert.deepEqual(answers, ["answers.last"]);
});

test("what is not there has no responders", async (t) => {
  const { client, id } = await startSystem(t);
  for (
    const subject of ["PING.FOO", "PING.KICK", "PING.RELOAD", `${id}.FOO`, id]
  ) {
    await assert.rejects(
      client.request(`$SYS.REQ.SERVER.${subject}`),
      /Nobody subscribes/,
    );
  }
});

test("answers come compressed by gzip when that is asked for, and say how they come", async (t) => {
  const { client } = await startSystem(t);
  const ask = (subject: string, encoding: string) =>
    client.request(subject, "", {
      timeout: 10_000,
      headers: accepting(encoding),
    });
  for (const encoding of ["gzip", "GZIP", "s2, gzip"]) {
    const { data, headers } = await ask("$SYS.REQ.SERVER.PING.VARZ", encoding);
    assert.equal(headers?.get("Content-Encoding"), "gzip");
    const text = new TextDecoder().decode(gunzipSync(data));
    assert.equal(typeof JSON.parse(text).data.server_id, "string");
  }
  for (const encoding of ["foo", "snappy"]) {
    const answer = await ask("$SYS.REQ.SERVER.PING.VARZ", encoding);
    assert.equal(answer.headers?.get("Content-Encoding"), "identity");
    assert.equal(typeof answer.json<Json>()["data"], "object");
  }
  const plain = await ask("$SYS.REQ.SERVER.PING", "gzip");
  assert.equal(plain.headers, undefined);
  assert.equal(typeof plain.json<Json>()["statsz"], "object");
});

test("a long page comes whole", async (t) => {
  const { ask, midge } = await startSystem(t);
  const a = await connectAs(t, midge, "a");
  const count = 3000;
  for (let n = 0; n < count; n++) a.subscribe(`subject.${n}`);
  await a.flush();
  const { data } = await ask("$SYS.REQ.ACCOUNT.A.SUBSZ", { limit: 10_000 });
  const rows = (data as Json)["subscriptions_list"] as Json[];
  const subjects = rows.filter(({ subject }) =>
    String(subject).startsWith("subject.")
  );
  assert.equal(subjects.length, count);
});

test("accounts are told of one by one, and those without clients keep silent", async (t) => {
  const { ask, midge, client } = await startSystem(t);
  await connectAs(t, midge, "a");
  const about = async (what: string): Promise<unknown> => {
    const { data, error } = await ask(`$SYS.REQ.ACCOUNT.${what}`);
    return data ?? error;
  };
  const info = await about("A.INFO") as Json;
  assert.deepEqual(
    [info["account_name"], info["client_connections"]],
    ["A", 1],
  );
  const connz = await about("A.CONNZ") as Json;
  assert.equal(connz["num_connections"], 1);
  const statz = await about("A.STATZ") as Json;
  const [row] = statz["account_statz"] as Json[];
  assert.deepEqual([row?.["acc"], row?.["conns"]], ["A", 1]);
  assert.deepEqual((await about("A.LEAFZ") as Json)["leafnodes"], 0);
  assert.deepEqual(await about("A.JSZ"), {
    code: 500,
    description: "jetstream not enabled",
  });
  assert.deepEqual(await about("ZZ.INFO"), {
    code: 500,
    description: "Account ZZ does not exist",
  });
  const conns = await ask("$SYS.REQ.ACCOUNT.A.CONNS");
  assert.deepEqual(
    [conns["acc"], conns["conns"], conns["data"]],
    ["A", 1, undefined],
  );
  const all = await ask("$SYS.REQ.ACCOUNT.PING.STATZ", {
    accounts: ["A", "B"],
    include_unused: true,
  });
  const rows = (all["data"] as Json)["account_statz"] as Json[];
  assert.deepEqual(rows.map(({ acc, conns }) => [acc, conns]), [
    ["A", 1],
    ["B", 0],
  ]);
  const answers: string[] = [];
  client.subscribe("answers.*", {
    callback: (_error, { subject }) => void answers.push(subject),
  });
  for (const name of ["B", "ZZ"]) {
    for (const what of ["STATZ", "CONNS"]) {
      client.publish(`$SYS.REQ.ACCOUNT.${name}.${what}`, "", {
        reply: "answers.none",
      });
    }
  }
  client.publish("$SYS.REQ.ACCOUNT.A.STATZ", "", { reply: "answers.last" });
  await until("the last is answered", () => answers.includes("answers.last"));
  assert.deepEqual(answers, ["answers.last"]);
});

test("subscriptions are counted, by account, subject and group", async (t) => {
  const { ask, midge, client } = await startSystem(t);
  const a = await connectAs(t, midge, "a");
  a.subscribe("x.1");
  a.subscribe("x.*");
  a.subscribe("x.1", { queue: "q" });
  await a.flush();
  client.subscribe("own");
  const count = (body: Json) =>
    ask("$SYS.REQ.ACCOUNT.NSUBS", { acc: "A", ...body });
  assert.equal(await count({ subject: "x.1" }), 3);
  assert.equal(await count({ subject: "x.2" }), 1);
  assert.equal(await count({ subject: "x.>" }), 3);
  assert.equal(await count({ subject: "x.1", queue: btoa("q") }), 1);
  assert.equal(await ask("$SYS.DEBUG.SUBSCRIBERS", "own"), 1);
  assert.equal(await ask("$SYS.DEBUG.SUBSCRIBERS", ""), 0);
  assert.equal(await ask("$SYS.DEBUG.SUBSCRIBERS", "x.1"), 0);
});

test("a request without an answer, and one for what is no subject, harm nobody", async (t) => {
  const { client, ask, midge, id } = await startSystem(t);
  for (const what of ["PING", "PING.VARZ", "PING.IDZ", `${id}.KICK`]) {
    client.publish(`$SYS.REQ.SERVER.${what}`, "{}");
  }
  client.publish("$SYS.REQ.ACCOUNT.NSUBS", "");
  client.publish("$SYS.REQ.ACCOUNT.NSUBS", "", { reply: "x" });
  await client.flush();
  assert.equal(typeof (await ask("$SYS.REQ.SERVER.PING"))["statsz"], "object");
  assert.ok(midge.log.lines.includes("ERR SYSTEM - request requires a body"));
});
