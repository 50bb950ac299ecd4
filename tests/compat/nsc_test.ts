/**
 * What the real `nsc` makes, on Midge and on nats-server: the configuration
 * starts, the credentials let in, and what it changes holds after a reload.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
} from "@nats-io/transport-node";
import { modelMissing, newestNatsServer } from "../support/nats_server.ts";
import { Nsc, nscMissing } from "../support/nsc.ts";
import {
  spawnCommand,
  spawnMidge,
  type TestProcess,
} from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

interface Contender {
  readonly missing: string | false;
  start(args: readonly string[]): TestProcess;
}

const CONTENDERS: Readonly<Record<string, Contender>> = {
  midge: {
    missing: nscMissing,
    start: (args) => spawnMidge(args),
  },
  "nats-server": {
    missing: nscMissing || modelMissing,
    start: (args) => spawnCommand([newestNatsServer, ...args]),
  },
};

/** The client may learn of the end of its connection before it reads why. */
const TURNED_AWAY =
  /Authorization Violation|maximum account active connections exceeded|EPIPE|ECONNRESET/;

class Running {
  readonly nsc: Nsc;
  readonly port: number;
  readonly #process: TestProcess;
  readonly #config: string;

  constructor(nsc: Nsc, process: TestProcess, config: string, port: number) {
    this.nsc = nsc;
    this.#process = process;
    this.#config = config;
    this.port = port;
  }

  /** Has the server read what `nsc` says now. */
  async reload(): Promise<void> {
    const before = this.#process.stderr.length;
    this.nsc.writeConfig(this.#config);
    process.kill(this.#process.pid, "SIGHUP");
    await until(
      "the reload",
      () =>
        this.#process.stderr.slice(before).includes(
          "Reloaded server configuration",
        ),
    );
  }

  async as(
    t: TestContext,
    account: string,
    user: string,
  ): Promise<NatsConnection> {
    const connection = await connect({
      port: this.port,
      reconnect: false,
      authenticator: credsAuthenticator(this.nsc.creds("OP", account, user)),
    });
    t.after(() => connection.close());
    return connection;
  }
}

/** A server with what `nsc` made in `prepare`. */
async function start(
  t: TestContext,
  contender: Contender,
  prepare: (nsc: Nsc) => void,
): Promise<Running> {
  const folder = temporaryFolder(t);
  const nsc = new Nsc(folder);
  nsc.run("add", "operator", "--generate-signing-key", "--sys", "--name", "OP");
  nsc.run("add", "account", "ACC");
  prepare(nsc);
  const config = join(folder, "accounts.conf");
  nsc.writeConfig(config);
  const main = join(folder, "server.conf");
  writeFileSync(main, "listen: 127.0.0.1:-1\ninclude accounts.conf\n");
  const server = contender.start(["-c", main, "-D"]);
  t.after(() => server.stop());
  await server.waitFor("Server is ready");
  const [, port] = await server.waitFor(
    /Listening for client connections on \S+:(\d+)/,
  );
  return new Running(nsc, server, config, Number(port));
}

/** Whether what `from` publishes on `subject` comes to `to`. */
async function reaches(
  from: NatsConnection,
  to: NatsConnection,
  subject: string,
): Promise<boolean> {
  let count = 0;
  const heard = to.subscribe(subject, { callback: () => void count++ });
  await to.flush();
  from.publish(subject);
  await from.flush();
  await to.flush();
  heard.unsubscribe();
  return count > 0;
}

for (const [name, contender] of Object.entries(CONTENDERS)) {
  test(`${name}: what nsc pushes to a resolver with a folder holds at once`, {
    skip: contender.missing,
  }, async (t) => {
    const folder = temporaryFolder(t);
    const nsc = new Nsc(folder);
    nsc.run("add", "operator", "--generate-signing-key", "--sys", "OP");
    const main = join(folder, "server.conf");
    nsc.run(
      "generate",
      "config",
      "--nats-resolver",
      "--config-file",
      main,
      "--force",
    );
    const text = readFileSync(main, "utf8");
    assert.match(text, /type: full/);
    writeFileSync(
      main,
      "listen: 127.0.0.1:-1\n" +
        text.replace(/dir: .*/, `dir: "${join(folder, "jwts")}"`),
    );
    const program = contender.start(["-c", main, "-D"]);
    t.after(() => program.stop());
    const [, port] = await program.waitFor(
      /Listening for client connections on \S+:(\d+)/,
    );
    await program.waitFor("Server is ready");
    const server = new Running(nsc, program, main, Number(port));
    nsc.run("add", "account", "LATER");
    nsc.run("add", "user", "--account", "LATER", "ann");
    await assert.rejects(server.as(t, "LATER", "ann"), TURNED_AWAY);
    const push = ["push", "--all", "--account-jwt-server-url"];
    nsc.run(...push, `nats://127.0.0.1:${port}`);
    await (await server.as(t, "LATER", "ann")).flush();
    nsc.run("edit", "account", "LATER", "--conns", "0");
    nsc.run(...push, `nats://127.0.0.1:${port}`);
    await assert.rejects(server.as(t, "LATER", "ann"), TURNED_AWAY);
  });

  test(`${name}: users that nsc made log in, each with its rights`, {
    skip: contender.missing,
  }, async (t) => {
    const server = await start(t, contender, (nsc) => {
      nsc.run("add", "user", "--account", "ACC", "free");
      nsc.run(
        "add",
        "user",
        "--account",
        "ACC",
        "bound",
        "--allow-pub",
        "a.>",
        "--allow-sub",
        "_INBOX.>",
      );
      nsc.run(
        "edit",
        "signing-key",
        "--account",
        "ACC",
        "--sk",
        "generate",
        "--role",
        "dev",
        "--allow-pubsub",
        "dev.{{name()}}.>",
        "--allow-sub",
        "_INBOX.>",
      );
      nsc.run("add", "user", "--account", "ACC", "ann", "-K", "dev");
      nsc.run("add", "user", "--account", "ACC", "late", "--expiry", "1d");
    });
    const free = await server.as(t, "ACC", "free");
    const bound = await server.as(t, "ACC", "bound");
    const ann = await server.as(t, "ACC", "ann");
    await (await server.as(t, "ACC", "late")).flush();
    await (await server.as(t, "SYS", "sys")).flush();
    assert.equal(await reaches(bound, free, "a.b"), true);
    assert.equal(await reaches(bound, free, "b"), false);
    assert.equal(await reaches(ann, free, "dev.ann.x"), true);
    assert.equal(await reaches(ann, free, "dev.bob.x"), false);
  });

  test(`${name}: what nsc revokes and takes away is gone after a reload`, {
    skip: contender.missing,
  }, async (t) => {
    const server = await start(t, contender, (nsc) => {
      nsc.run("add", "user", "--account", "ACC", "free");
      nsc.run("add", "user", "--account", "ACC", "gone");
    });
    const free = await server.as(t, "ACC", "free");
    const gone = await server.as(t, "ACC", "gone");
    server.nsc.run(
      "revocations",
      "add-user",
      "--account",
      "ACC",
      "--name",
      "gone",
    );
    await server.reload();
    const error = await gone.closed();
    assert.match(String(error), /User Authentication Revoked/);
    await free.flush();
    await assert.rejects(
      server.as(t, "ACC", "gone"),
      /Authorization Violation/,
    );
    server.nsc.run("edit", "account", "ACC", "--conns", "1");
    await server.reload();
    await free.flush();
    await assert.rejects(
      server.as(t, "ACC", "free"),
      TURNED_AWAY,
    );
  });
}
