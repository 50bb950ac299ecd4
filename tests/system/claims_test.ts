/** JWTs of accounts that come, are looked up, compared and deleted while servers run. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createOperator } from "@nats-io/nkeys";
import { InternalClient } from "../../src/accounts/internal.ts";
import { signJwt } from "../../src/auth/jwt/sign.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import type { KeyPair } from "../../src/core/nkeys.ts";
import type { FolderResolver } from "../../src/options/options.ts";
import { borrowedPayload } from "../../src/system/request.ts";
import {
  Chain,
  type ChainAccount,
  FREE_ACCOUNT,
  signNonce,
} from "../auth/jwt/chain.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { replyOf } from "../../src/wire/message.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import type { Json } from "./system_client.ts";

const UPDATE = "$SYS.REQ.CLAIMS.UPDATE";
const DELETE = "$SYS.REQ.CLAIMS.DELETE";
const MISTRUSTED = "jwt update resulted in error - account validation failed";

function full(
  folder: string,
  changes: Partial<FolderResolver> = {},
): FolderResolver {
  return {
    kind: "full",
    folder,
    limit: 0,
    intervalMs: 60_000,
    timeoutMs: 1900,
    ttlMs: 0,
    allowDelete: true,
    hardDelete: false,
    ...changes,
  };
}

class Stage {
  readonly chain = new Chain();
  readonly system: ChainAccount = this.chain.account();
  readonly t: TestContext;

  constructor(t: TestContext) {
    this.t = t;
  }

  start(
    resolver: FolderResolver | { kind: "memory" } | {
      kind: "url";
      url: string;
    },
    options: TestOptions = {},
  ): Promise<TestServer> {
    const trust = this.chain.trust([this.system.entry()], { resolver });
    const systemAccount = this.system.key;
    return startMidge(this.t, { trust, systemAccount, ...options });
  }

  /** What a self-signed request says that accounts are to go. */
  deletion(accounts: readonly string[], by: KeyPair = this.chain.operator) {
    return signJwt({
      sub: by.getPublicKey(),
      iat: 1000,
      jti: "x",
      name: "",
      nats: { accounts, type: "generic", version: 2 },
    }, by);
  }
}

/** The texts that come in answer, until `isLast`. */
function answersTo(
  { server }: TestServer,
  subject: string,
  text: string | Uint8Array,
  isLast: (text: string) => boolean = () => true,
): Promise<string[]> {
  const { accounts, delivery } = server.broker.host;
  const client = new InternalClient(accounts.system!, delivery);
  const heard: string[] = [];
  return new Promise((resolve) => {
    client.subscribe("answers", "", (message) => {
      const bytes = borrowedPayload(message);
      heard.push(byteString(bytes, 0, bytes.length));
      if (!isLast(heard.at(-1)!)) return;
      client.close();
      resolve(heard);
    });
    const bytes = typeof text === "string" ? asciiBytes(text) : text;
    client.publish(subject, bytes, { reply: "answers" });
  });
}

async function ask(
  midge: TestServer,
  subject: string,
  text: string,
): Promise<Json> {
  const [answer] = await answersTo(midge, subject, text);
  return JSON.parse(answer!);
}

test("a JWT that is pushed is kept, looked up, listed, and there after a restart", async (t) => {
  const folder = temporaryFolder(t);
  const stage = new Stage(t);
  const midge = await stage.start(full(folder));
  const a = stage.chain.account();
  const jwt = a.jwt();
  const { server, data } = await ask(midge, UPDATE, jwt);
  assert.equal((server as Json)["id"], midge.server.broker.identity.id);
  assert.deepEqual(data, { account: a.key, code: 200, message: "jwt updated" });
  assert.equal(readFileSync(join(folder, `${a.key}.jwt`), "utf8"), jwt);
  const lookUp = (key: string) => `$SYS.REQ.ACCOUNT.${key}.CLAIMS.LOOKUP`;
  assert.deepEqual(await answersTo(midge, lookUp(a.key), ""), [jwt]);
  const unknown = stage.chain.account().key;
  assert.deepEqual(await answersTo(midge, lookUp(unknown), ""), [""]);
  const list = await ask(midge, "$SYS.REQ.CLAIMS.LIST", "");
  const keys = [a.key, stage.system.key].sort();
  assert.deepEqual((list["data"] as string[]).sort(), keys);
  await midge.server.stop();
  const next = await stage.start(full(folder));
  assert.deepEqual(await answersTo(next, lookUp(a.key), ""), [jwt]);
  assert.equal(
    await next.server.broker.operator!.accounts.find(a.key)
      .then(({ jwt }) => jwt),
    jwt,
  );
});

test("what nobody trusts, what is over and what is no JWT is not kept", async (t) => {
  const folder = temporaryFolder(t);
  const stage = new Stage(t);
  const midge = await stage.start(full(folder));
  const before = readdirSync(folder);
  const a = stage.chain.account();
  const stranger = stage.chain.account(createOperator());
  const rows: [text: string, account: string, description: string][] = [
    [stranger.jwt(), stranger.key, MISTRUSTED],
    [a.jwt({}, { exp: 1001 }), a.key, MISTRUSTED],
    ["x", "n/a", "jwt update resulted in error - expected 3 chunks"],
    [a.user().jwt, "n/a", "jwt update resulted in error - not account claim"],
    ["", "n/a", "jwt update resulted in error - expected 3 chunks"],
    [
      `${a.jwt().slice(0, -4)}AAAA`,
      "n/a",
      "jwt update resulted in error - claim failed V2 signature verification",
    ],
  ];
  for (const [text, account, description] of rows) {
    const { error } = await ask(midge, UPDATE, text);
    assert.deepEqual(error, { account, code: 500, description });
  }
  const other = stage.chain.account().key;
  const { error } = await ask(
    midge,
    `$SYS.REQ.ACCOUNT.${other}.CLAIMS.UPDATE`,
    a.jwt(),
  );
  assert.deepEqual(error, {
    account: other,
    code: 500,
    description:
      "jwt update resulted in error - subject does not match jwt content",
  });
  assert.deepEqual(readdirSync(folder), before);
});

test("CVE-2022-26652: what is no account's key is no file's name", async (t) => {
  const outside = temporaryFolder(t);
  const folder = join(outside, "jwts");
  const stage = new Stage(t);
  const midge = await stage.start(full(folder));
  const before = readdirSync(folder);
  const { key } = stage.chain.account();
  const names = ["../out", "..", "", `${key}/../../out`, `/${key}`, `${key}x`];
  for (const sub of names) {
    const nats = { type: "account", limits: FREE_ACCOUNT, version: 2 };
    const claims = { sub, iat: 1000, jti: "x", name: "odd", nats };
    const jwt = signJwt(claims, stage.chain.operator);
    const { error } = await ask(midge, UPDATE, jwt);
    const { account, description } = error as Json;
    assert.equal(account, sub === "" ? undefined : sub);
    assert.equal(
      description,
      "jwt update resulted in error - invalid public key",
    );
    const deleted = await ask(midge, DELETE, stage.deletion([sub]));
    assert.match(
      String((deleted["error"] as Json)["description"]),
      /malformed request/,
    );
  }
  assert.deepEqual(readdirSync(folder), before);
  assert.deepEqual(readdirSync(outside), ["jwts"]);
});

test("a full folder says so, and keeps what it has", async (t) => {
  const stage = new Stage(t);
  const midge = await stage.start(full(temporaryFolder(t), { limit: 2 }));
  const [a, b] = [stage.chain.account(), stage.chain.account()];
  const update = async (account: ChainAccount, name = "") =>
    (await ask(midge, UPDATE, account.jwt({}, { name })))["error"] as
      | Json
      | undefined;
  assert.equal(await update(a), undefined);
  assert.equal(
    (await update(b))?.["description"],
    "jwt update resulted in error - jwt store is full",
  );
  assert.equal(await update(a, "again"), undefined);
});

test("accounts are deleted by a trusted key alone, and their files renamed", async (t) => {
  const folder = temporaryFolder(t);
  const stage = new Stage(t);
  const midge = await stage.start(full(folder));
  const a = stage.chain.account();
  await ask(midge, UPDATE, a.jwt());
  const stranger = createOperator();
  const operatorKey = stage.chain.operator.getPublicKey();
  const failed = (by: string, why: string) =>
    `delete accounts request by ${by} failed - ${why}`;
  const rows: [text: string, description: string][] = [
    [
      stage.deletion([a.key], stranger),
      failed(stranger.getPublicKey(), "not trusted"),
    ],
    [
      stage.deletion([stage.system.key]),
      failed(operatorKey, "not allowed to delete system account"),
    ],
    [stage.deletion(["junk"]), failed(operatorKey, "malformed request")],
    ["x", failed("", "expected 3 chunks")],
    [stage.deletion([a.key, "junk"]), failed(operatorKey, "malformed request")],
  ];
  for (const [text, description] of rows) {
    const { error } = await ask(midge, DELETE, text);
    assert.deepEqual(error, { code: 500, description });
  }
  const { data: none } = await ask(midge, DELETE, stage.deletion([]));
  assert.deepEqual(none, { code: 200, message: "deleted 0 accounts" });
  const { data } = await ask(midge, DELETE, stage.deletion([a.key]));
  assert.equal((data as Json)["message"], "deleted 1 accounts");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(a.key)),
    [`${a.key}.jwt.deleted`],
  );
  await assert.rejects(
    midge.server.broker.operator!.accounts.find(a.key),
    /account missing/,
  );
});

test("deleting has to be allowed", async (t) => {
  const stage = new Stage(t);
  const midge = await stage.start(
    full(temporaryFolder(t), { allowDelete: false }),
  );
  const a = stage.chain.account();
  await ask(midge, UPDATE, a.jwt());
  const { error } = await ask(midge, DELETE, stage.deletion([a.key]));
  assert.equal(
    (error as Json)["description"],
    "delete must be enabled in server config",
  );
});

test("a damaged file is reported, left alone and not used", async (t) => {
  const folder = temporaryFolder(t);
  const stage = new Stage(t);
  const [a, b] = [stage.chain.account(), stage.chain.account()];
  writeFileSync(join(folder, `${a.key}.jwt`), a.jwt().slice(0, 100));
  writeFileSync(join(folder, `${b.key}.jwt`), a.jwt());
  writeFileSync(join(folder, "notes.txt"), "mine");
  const midge = await stage.start(full(folder));
  const list = await ask(midge, "$SYS.REQ.CLAIMS.LIST", "");
  assert.deepEqual(list["data"], [stage.system.key]);
  for (const key of [a.key, b.key]) {
    const file = `JWT file ${folder}/${key}.jwt is not used`;
    assert.ok(midge.log.lines.some((line) => line.includes(file)));
  }
  assert.equal(readdirSync(folder).length, 4);
});

test("a pack has all JWTs, and nothing for a server that has the same", async (t) => {
  const stage = new Stage(t);
  const midge = await stage.start(full(temporaryFolder(t)));
  const a = stage.chain.account();
  await ask(midge, UPDATE, a.jwt());
  const pack = (digest: Uint8Array) =>
    answersTo(midge, "$SYS.REQ.CLAIMS.PACK", digest, (text) => text === "");
  const all = await pack(new Uint8Array(32));
  assert.deepEqual(
    all.map((text) => text.split("|")[0]).sort(),
    ["", a.key, stage.system.key].sort(),
  );
  const digest = new Uint8Array(32);
  for (const text of all.filter((text) => text !== "")) {
    const bytes = new Uint8Array(
      await crypto.subtle.digest("SHA-256", asciiBytes(text.split("|")[1]!)),
    );
    bytes.forEach((byte, i) => digest[i]! ^= byte);
  }
  assert.deepEqual(await pack(digest), [""]);
});

test("servers compare their folders, and look up what they lack at once", async (t) => {
  const stage = new Stage(t);
  const { chain } = stage;
  const [a, b] = [chain.account(), chain.account()];
  const folders = [temporaryFolder(t), temporaryFolder(t)];
  writeFileSync(join(folders[0]!, `${a.key}.jwt`), a.jwt());
  const one = await stage.start(full(folders[0]!), { cluster: {} });
  const routes = [{ host: "127.0.0.1", port: one.clusterPort }];
  const other = await stage.start(full(folders[1]!, { intervalMs: 100 }), {
    cluster: { routes },
  });
  await until(
    "it has what it lacked",
    () => readdirSync(folders[1]!).includes(`${a.key}.jwt`),
  );
  const cache = await stage.start(
    full(temporaryFolder(t), { kind: "cache", limit: 10 }),
    { cluster: { routes } },
  );
  const { accounts } = cache.server.broker.operator!;
  await until(
    "it is found at another server",
    () => accounts.find(a.key).then(({ jwt }) => jwt === a.jwt(), () => false),
  );
  await assert.rejects(accounts.find(b.key), /account missing/);
  // An update reaches all servers.
  await ask(other, UPDATE, b.jwt());
  await until(
    "both have it",
    () =>
      folders.every((folder) => readdirSync(folder).includes(`${b.key}.jwt`)),
  );
});

test("a cache forgets what was not used for its ttl, and asks for it again", async (t) => {
  const stage = new Stage(t);
  const a = stage.chain.account();
  const [source, folder] = [temporaryFolder(t), temporaryFolder(t)];
  const file = `${a.key}.jwt`;
  writeFileSync(join(source, file), a.jwt());
  const one = await stage.start(full(source), { cluster: {} });
  const routes = [{ host: "127.0.0.1", port: one.clusterPort }];
  const cache = await stage.start(
    full(folder, { kind: "cache", ttlMs: 200 }),
    { cluster: { routes } },
  );
  const { accounts, resolver } = cache.server.broker.operator!;
  const isKept = () => readdirSync(folder).includes(file);
  await until(
    "it is found at the other server",
    () => accounts.find(a.key).then(() => true, () => false),
  );
  await until("it is not kept any more", () => !isKept());
  // Who uses the account may stay.
  assert.equal(accounts.known(a.key)?.jwt, a.jwt());
  assert.equal(await resolver.lookup(a.key), a.jwt());
  await until("it is gone once more", () => !isKept());
  assert.ok(readdirSync(source).includes(file));
});

test("a cache takes updates of accounts that it has, lists and deletes", async (t) => {
  const folder = temporaryFolder(t);
  const stage = new Stage(t);
  const midge = await stage.start(full(folder, { kind: "cache" }));
  const prefix = "jwt update cache resulted in error - ";
  const { account, description } = (await ask(midge, UPDATE, "x"))
    .error as Json;
  assert.deepEqual([account, description], [
    "n/a",
    `${prefix}expected 3 chunks`,
  ]);
  const { data } = await ask(midge, UPDATE, stage.chain.account().jwt());
  assert.equal((data as Json)["message"], "jwt update cache skipped");
  const again = await ask(midge, UPDATE, stage.system.jwt({}, { name: "new" }));
  assert.equal((again["data"] as Json)["message"], "jwt updated cache");
  const list = await ask(midge, "$SYS.REQ.CLAIMS.LIST", "");
  assert.deepEqual(list["data"], [stage.system.key]);
  const key = stage.chain.account().key;
  const deleted = await ask(midge, DELETE, stage.deletion([key]));
  assert.equal((deleted["data"] as Json)["message"], "deleted 1 accounts");
});

test("an older JWT that comes while a newer one is written down does not take its place", async (t) => {
  const folder = temporaryFolder(t);
  const stage = new Stage(t);
  const midge = await stage.start(full(folder));
  const a = stage.chain.account();
  const [older, newer] = [a.jwt({}, { iat: 1000 }), a.jwt({}, { iat: 2000 })];
  const client = new InternalClient(
    midge.server.broker.host.accounts.system!,
    midge.server.broker.host.delivery,
  );
  // What another server sends of its pack, behind the push, which takes a while.
  client.subscribe("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP", "", (message) => {
    client.publish(replyOf(message), asciiBytes(older));
  });
  const found = midge.server.broker.operator!.accounts.find(a.key);
  const pushed = ask(midge, UPDATE, newer);
  await Promise.all([found, pushed]);
  assert.equal(readFileSync(join(folder, `${a.key}.jwt`), "utf8"), newer);
  assert.equal((await found).jwt, newer);
});

test("a server without a folder takes new JWTs of accounts that it knows", async (t) => {
  const stage = new Stage(t);
  const midge = await stage.start({ kind: "memory" });
  const { key } = stage.system;
  const update = async (account: string, text: string) => {
    const answer = await ask(
      midge,
      `$SYS.REQ.ACCOUNT.${account}.CLAIMS.UPDATE`,
      text,
    );
    const { message, description } =
      (answer["data"] ?? answer["error"]) as Json;
    return message ?? description;
  };
  assert.equal(
    await update(key, stage.system.jwt({}, { name: "n" })),
    "jwt updated",
  );
  const a = stage.chain.account();
  assert.equal(await update(a.key, a.jwt()), "jwt update skipped");
  assert.equal(
    await update(key, ""),
    "jwt update error - request body is empty",
  );
  assert.equal(
    await update(key, stage.system.jwt({}, { exp: 1001 })),
    MISTRUSTED,
  );
});

test("accounts are fetched from a URL, which has to answer at the start", async (t) => {
  const stage = new Stage(t);
  const [a, b] = [stage.chain.account(), stage.chain.account()];
  const asked: string[] = [];
  const site = createServer((request, response) => {
    asked.push(request.url!);
    const isFound = request.url === "/" || request.url === `/${a.key}`;
    response.statusCode = isFound ? 200 : 404;
    response.end(request.url === "/" || !isFound ? "" : a.jwt());
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => site.close(resolve)));
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  const midge = await stage.start({ kind: "url", url });
  const { accounts } = midge.server.broker.operator!;
  assert.equal((await accounts.find(a.key)).jwt, a.jwt());
  await assert.rejects(accounts.find(b.key), {
    message: `could not fetch <"${url}${b.key}">: 404 Not Found`,
  });
  // CVE-2022-26652: an account that a client names is no path.
  for (const account of [`${a.key}/../x`, "../x", `${a.key}?x`, "x"]) {
    const { pair, jwt } = a.user({ issuer_account: account });
    const peer = await connectPeer(midge);
    t.after(() => peer.close());
    const info = await peer.expect(/INFO .*\r\n/);
    const { nonce } = JSON.parse(info.slice(info.indexOf("{")));
    const fields = JSON.stringify({ jwt, sig: signNonce(pair, nonce) });
    peer.send(`CONNECT ${fields}\r\nPING\r\n`);
    await peer.expect("-ERR 'Authorization Violation'\r\n");
  }
  assert.deepEqual(asked, ["/", `/${a.key}`, `/${b.key}`]);
  await assert.rejects(
    stage.start({ kind: "url", url: `${url}none/` }),
    { message: `could not fetch <"${url}none/">: 404 Not Found` },
  );
});
