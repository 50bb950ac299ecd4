/**
 * What the client commands do when they are not let in, not allowed, or left
 * alone, and that no secret is seen on the way.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createUser } from "@nats-io/nkeys";
import { connect } from "../../client.ts";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import { makeJwtChain } from "../support/jwt.ts";
import { startMidge } from "../support/midge.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { runCommand, startCommand } from "./run.ts";

const SECRET = "T0pS3cr3t";

async function natsServer(t: TestContext, config: string): Promise<string> {
  const server = await startNatsServer({ config });
  t.after(() => server.stop());
  return `nats://127.0.0.1:${server.port}`;
}

test("without a server every client command fails clearly", async (t) => {
  const env = { NATS_URL: `nats://u:${SECRET}@127.0.0.1:1` };
  await Promise.all(
    [["pub", "a", "b"], ["sub", "a"], ["request", "a", "b"], [
      "reply",
      "a",
      "b",
    ]]
      .map(async (args) => {
        const { code, stdout, stderr } = await runCommand(t, args, { env });
        assert.deepEqual([code, stdout], [1, ""]);
        assert.match(
          stderr,
          new RegExp(
            `^midge ${
              args[0]
            }: Cannot connect to 127\\.0\\.0\\.1:1: .*refused\n$`,
          ),
        );
      }),
  );
});

test("a client with the password is let in, and the password is not shown", async (t) => {
  const { port } = await startMidge(t, {
    authorization: {
      ...defaultAuthorizationOptions(),
      user: "joe",
      password: SECRET,
    },
  });
  const server = `127.0.0.1:${port}`;
  const pub = ["pub", "abc", "hello"];
  const runs = await Promise.all([
    runCommand(t, [...pub, "-s", server, "-user", "joe", "-pass", SECRET]),
    runCommand(t, [...pub, "-s", `nats://joe:${SECRET}@${server}`]),
    runCommand(t, [...pub, "-s", server, "-user", "joe"], {
      env: { NATS_PASSWORD: SECRET },
    }),
    runCommand(t, pub, {
      env: { NATS_URL: server, NATS_USER: "joe", NATS_PASSWORD: SECRET },
    }),
    runCommand(t, [...pub, "-s", server, "-user", "ann", "-pass", SECRET]),
    runCommand(t, [...pub, "-s", server, "-token", SECRET]),
    runCommand(t, [...pub, "-s", server]),
  ]);
  assert.deepEqual(runs.map(({ code }) => code), [0, 0, 0, 0, 1, 1, 1]);
  for (const { stdout, stderr } of runs.slice(4)) {
    assert.equal(stderr, "midge pub: Authorization Violation\n");
    assert.equal(stdout, "");
  }
  for (const { stdout, stderr } of runs) {
    assert.ok(!`${stdout}${stderr}`.includes(SECRET));
  }
});

test("a message that is too large is refused", async (t) => {
  const { port } = await startMidge(t, { maxPayloadBytes: 10 });
  const env = { NATS_URL: `127.0.0.1:${port}` };
  for (const command of ["pub", "request"]) {
    const args = [command, "abc", "hello world"];
    const { code, stderr } = await runCommand(t, args, { env });
    assert.equal(code, 1);
    const why = "Message of 11 bytes is larger than the server's limit of 10";
    assert.equal(stderr, `midge ${command}: ${why}\n`);
  }
});

test("an answer that is too large becomes an error", async (t) => {
  const { port } = await startMidge(t, { maxPayloadBytes: 200 });
  const url = `127.0.0.1:${port}`;
  const line = "head -c 300 /dev/zero";
  const env = { NATS_URL: url };
  const reply = startCommand(t, ["reply", "big", "--command", line], { env });
  await reply.waitFor("Answering");
  const client = await connect({ servers: url });
  t.after(() => client.close());
  const answer = await client.request("big", "", { timeout: 30_000 });
  assert.equal(answer.headers?.get("Nats-Service-Error-Code"), "500");
  await reply.waitFor("midge reply: the command said more than 200 bytes\n");
});

test(
  "what the server does not permit fails",
  { skip: natsServerMissing },
  async (t) => {
    const url = await natsServer(
      t,
      `authorization { users: [{ user: u, password: p, permissions: {
      publish: { deny: ["no.pub", "_INBOX.>"] }, subscribe: { deny: "no.sub" }
    } }, { user: i, password: p, permissions: { subscribe: { deny: ">" } } }] }`,
    );
    const env = { NATS_URL: url, NATS_USER: "u", NATS_PASSWORD: "p" };
    const rows: readonly (readonly [RegExp, ...string[]])[] = [
      [/Permissions Violation for Publish to "no\.pub"/, "pub", "no.pub", "x"],
      [
        /Permissions Violation for Publish to "no\.pub"/,
        ...["pub", "no.pub", "x", "--count", "50000"],
      ],
      [
        /Permissions Violation for Publish to "no\.pub"/,
        "request",
        "no.pub",
        "x",
      ],
      [/Permissions Violation for Subscription to "no\.sub"/, "sub", "no.sub"],
      [
        /Permissions Violation for Subscription to "no\.sub"/,
        "sub",
        "a",
        "no.sub",
      ],
      [
        /Permissions Violation for Subscription to "no\.sub"/,
        ...["reply", "no.sub", "x"],
      ],
      [
        /Permissions Violation for Subscription to "_INBOX\./,
        ...["request", "a", "x", "-user", "i"],
      ],
    ];
    await Promise.all(rows.map(async ([why, ...args]) => {
      const { code, stdout, stderr } = await runCommand(t, args, { env });
      assert.deepEqual([code, stdout], [1, ""], `${args}: ${stderr}`);
      const lines = stderr.split("\n").filter((line) => why.test(line));
      assert.equal(lines.length, 1, stderr);
      assert.ok(lines[0]?.startsWith(`midge ${args[0]}: `), stderr);
    }));
  },
);

test("an answer that may not be sent is told, and reply goes on", {
  skip: natsServerMissing,
}, async (t) => {
  const url = await natsServer(
    t,
    `authorization { users: [
      { user: u, password: p, permissions: { publish: { deny: "_INBOX.>" } } },
      { user: v, password: p } ] }`,
  );
  const reply = startCommand(
    t,
    ["reply", "a", "x", "-s", url, "-user", "u", "-pass", "p"],
  );
  await reply.waitFor("Answering");
  const client = await connect({ servers: url, user: "v", pass: "p" });
  t.after(() => client.close());
  client.publish("a", "", { reply: "_INBOX.mine" });
  await reply.waitFor(/midge reply: Permissions Violation for Publish to "_I/);
  sendSignal(reply.pid, "SIGINT");
  assert.equal((await reply.exited).code, 0);
});

test("credentials and nkeys let in", { skip: natsServerMissing }, async (t) => {
  const folder = temporaryFolder(t);
  const chain = makeJwtChain();
  const creds = join(folder, "user.creds");
  writeFileSync(creds, chain.user().creds);
  const user = createUser();
  const seed = join(folder, "user.nk");
  writeFileSync(seed, user.getSeed());
  const [byJwt, byKey] = await Promise.all([
    natsServer(t, chain.config),
    natsServer(
      t,
      `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
    ),
  ]);
  const pub = ["pub", "abc", "hello", "-q"];
  const runs = await Promise.all([
    runCommand(t, [...pub, "-s", byJwt, "-creds", creds]),
    runCommand(t, [...pub, "-s", byKey, "-nkey", seed]),
    runCommand(t, pub, { env: { NATS_URL: byJwt, NATS_CREDS: creds } }),
    runCommand(t, [...pub, "-s", byJwt, "-nkey", seed]),
  ]);
  assert.deepEqual(runs.map(({ code }) => code), [0, 0, 0, 1]);
  assert.equal(runs[3]?.stderr, "midge pub: Authorization Violation\n");
});

test(
  "certificates let in",
  { skip: natsServerMissing || opensslMissing },
  async (t) => {
    const { authority, server, client } = makeCertificates(t);
    const url = await natsServer(
      t,
      `tls { cert_file: "${server.certFile}", key_file: "${server.keyFile}",
      ca_file: "${authority.certFile}", verify: true }`,
    );
    const pub = ["pub", "abc", "hello", "-q", "-s", url];
    const trust = ["-tlsca", authority.certFile];
    const own = ["-tlscert", client.certFile, "-tlskey", client.keyFile];
    const [good, bad] = await Promise.all([
      runCommand(t, [...pub, ...trust, ...own]),
      runCommand(t, [...pub, ...own]),
    ]);
    assert.deepEqual(good, { code: 0, stdout: "", stderr: "" });
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /^midge pub: .*certificate/i);
  },
);

test("sub outlives its server, and a signal ends it while it waits", async (t) => {
  const first = await startMidge(t);
  const { port } = first;
  const env = { NATS_URL: `127.0.0.1:${port}` };
  const sub = startCommand(t, ["sub", "a", "--raw"], { env });
  await sub.waitFor("Listening to a\n");
  await first.server.stop();
  await sub.waitFor(`Lost 127.0.0.1:${port}\n`);
  sendSignal(sub.pid, "SIGTERM");
  assert.deepEqual(await sub.exited, { code: 0, signal: null });
});

test("a wait for discovery ends when a time is given", async (t) => {
  const args = ["pub", "a", "b", "-discover", "registry://127.0.0.1:1"];
  const { code, stderr } = await runCommand(t, [...args, "-timeout", "300ms"]);
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /^No server answers; looking for others until one does$/m,
  );
  assert.match(stderr, /^midge pub: /m);
});

test("a server that falls silent is not waited for without an end", async (t) => {
  const server = createServer((socket) => {
    socket.write(
      'INFO {"server_id":"S","max_payload":1000,"headers":true}\r\n',
    );
    socket.once("data", () => socket.write("PONG\r\n"));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `127.0.0.1:${port}`;
  const args = ["pub", "a", "b", "-s", url, "-timeout", "300ms"];
  assert.deepEqual(await runCommand(t, args), {
    code: 1,
    stdout: "",
    stderr: `midge pub: ${url} did not take all within 300ms\n`,
  });
});
