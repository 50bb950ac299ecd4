/** Logins of every kind, against the real nats-server and against what CONNECT may say. */
import { createUser } from "@nats-io/nkeys";
import assert from "node:assert/strict";
import {
  type Authenticator,
  AuthorizationError,
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  InvalidArgumentError,
  jwtAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../../client.ts";
import { makeJwtChain } from "../support/jwt.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";
import { Scene } from "./scene.ts";

const skip = natsServerMissing;

/** Whether a server with this configuration lets us in. */
type Door = (options: ConnectionOptions) => Promise<boolean>;

async function door(t: TestContext, config: string): Promise<Door> {
  const server = await startNatsServer({ config });
  t.after(() => server.stop());
  return async (options) => {
    const servers = `127.0.0.1:${server.port}`;
    try {
      const client = await connect({ servers, reconnect: false, ...options });
      await client.flush();
      await client.close();
      return true;
    } catch (error) {
      assert.ok(error instanceof AuthorizationError, String(error));
      return false;
    }
  };
}

test(
  "user and password, or a token, may come from functions",
  { skip },
  async (t) => {
    const user = await door(t, "authorization { user: ann, password: x }");
    const token = await door(t, "authorization { token: t0p }");
    let pass = "wrong";
    const ann = usernamePasswordAuthenticator(() => "ann", () => pass);
    assert.equal(await user({ authenticator: ann }), false);
    pass = "x";
    assert.equal(await user({ authenticator: ann }), true);
    assert.equal(
      await user({ authenticator: usernamePasswordAuthenticator("ann", "x") }),
      true,
    );
    assert.equal(
      await token({ authenticator: tokenAuthenticator("t0p") }),
      true,
    );
    assert.equal(
      await token({ authenticator: [ann, tokenAuthenticator(() => "t0p")] }),
      true,
    );
  },
);

// CVE-2023-46129: a key that was the same for all, by a buffer that was copied.
test("a user is known by an nkey", { skip }, async (t) => {
  const key = createUser();
  const seed = key.getSeed();
  const lets = await door(
    t,
    `authorization { users: [ { nkey: ${key.getPublicKey()} } ] }`,
  );
  assert.equal(await lets({ authenticator: nkeyAuthenticator(seed) }), true);
  assert.equal(
    await lets({ authenticator: nkeyAuthenticator(() => seed) }),
    true,
    "the seed is not used up",
  );
  const other = nkeyAuthenticator(createUser().getSeed());
  assert.equal(await lets({ authenticator: other }), false);
  assert.equal(await lets({}), false);
});

test("a user is known by a JWT of its account", { skip }, async (t) => {
  const chain = makeJwtChain();
  const lets = await door(t, chain.config);
  const { jwt, seed, creds } = chain.user();
  const authenticators: Authenticator[] = [
    jwtAuthenticator(jwt, seed),
    jwtAuthenticator(() => jwt, () => seed),
    credsAuthenticator(creds),
    credsAuthenticator(() => creds),
  ];
  for (const authenticator of authenticators) {
    assert.equal(await lets({ authenticator }), true);
  }
  const bearer = chain.user({ bearer_token: true });
  assert.equal(
    await lets({ authenticator: jwtAuthenticator(bearer.jwt) }),
    true,
  );
  const thief = jwtAuthenticator(jwt, createUser().getSeed());
  assert.equal(await lets({ authenticator: thief }), false);
  const stranger = credsAuthenticator(makeJwtChain().user().creds);
  assert.equal(await lets({ authenticator: stranger }), false);
});

test("creds and seeds that make no sense are refused, and not quoted", async (t) => {
  const secret = "SUANOTASEED";
  const bytes = new TextEncoder().encode(secret);
  assert.throws(() => credsAuthenticator(bytes), InvalidArgumentError);
  const scene = new Scene(t);
  const server = await scene.server({ info: { nonce: "abc" } });
  const failing: readonly [Authenticator, RegExp][] = [
    [nkeyAuthenticator(bytes), /The seed is no nkey seed/],
    [jwtAuthenticator("jwt", bytes), /The seed is no nkey seed/],
    [credsAuthenticator(() => bytes), /The creds hold no JWT with a seed/],
    [
      () => {
        throw new Error(`no file ${secret}`);
      },
      /^The authenticator failed$/,
    ],
  ];
  for (const [authenticator, text] of failing) {
    const error = await scene.failure(scene.open([server], { authenticator }));
    assert.ok(error instanceof AuthorizationError);
    assert.match(error.message, text);
    assert.ok(error.cause instanceof Error);
    assert.doesNotMatch(error.message, new RegExp(secret));
    assert.equal(server.client.login, "");
  }
});

// CVE-2020-26149: all options, keys among them, that were sent in CONNECT.
test("CONNECT takes no other fields from an authenticator", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { nonce: "n0nce" } });
  const nonces: string[] = [];
  const answer = {
    user: "u",
    pass: "p",
    auth_token: "t",
    jwt: "j",
    nkey: "k",
    sig: "s",
    name: "not this",
    seed: "SUSECRET",
    verbose: true,
    lang: "no",
  };
  await scene.connect([server], {
    name: "mine",
    authenticator: (nonce) => {
      nonces.push(nonce);
      return answer;
    },
  });
  assert.deepEqual(nonces, ["n0nce"]);
  assert.deepEqual(JSON.parse(server.client.login.slice("CONNECT ".length)), {
    verbose: false,
    pedantic: false,
    user: "u",
    pass: "p",
    auth_token: "t",
    jwt: "j",
    nkey: "k",
    sig: "s",
    name: "mine",
    lang: "midge",
    version: "0.1.0",
    protocol: 1,
    headers: true,
    no_responders: true,
    echo: true,
    tls_required: false,
  });
});

test("a URL names another user, and keeps the key", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { nonce: "n" } });
  await scene.connect([`nats://joe:x@${server.listen}`], {
    authenticator: () => ({
      user: "ann",
      pass: "y",
      auth_token: "t",
      nkey: "k",
    }),
  });
  const login = JSON.parse(server.client.login.slice("CONNECT ".length));
  assert.deepEqual(
    [login.user, login.pass, login.auth_token, login.nkey],
    ["joe", "x", undefined, "k"],
  );
});

test("a key signs no empty nonce", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const key = createUser();
  const authenticator = nkeyAuthenticator(key.getSeed());
  await scene.connect([server], { authenticator });
  const login = JSON.parse(server.client.login.slice("CONNECT ".length));
  assert.equal(login.nkey, key.getPublicKey());
  assert.equal(login.sig, undefined);
});

test("no secret gets into an error, an event or a line of debug", async (t) => {
  const scene = new Scene(t);
  const lines: string[] = [];
  const server = await scene.server({ refusal: "Authorization Violation" });
  const error = await scene.failure(
    scene.open([`nats://ann:s3cret@${server.listen}`], {
      debug: (line) => lines.push(line),
      authenticator: () => ({ jwt: "s3cret", sig: "s3cret" }),
    }),
  );
  const told = [...lines, String(error), JSON.stringify(error)].join("\n");
  assert.match(told, />> CONNECT .*"user":"ann","pass":"\[REDACTED\]"/);
  assert.match(told, /<< -ERR 'Authorization Violation'/);
  assert.doesNotMatch(told, /s3cret/);
});

test("an authenticator answers each login anew", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { nonce: "one" } });
  const nonces: string[] = [];
  const client = await scene.connect([server], {
    authenticator: (nonce) => {
      nonces.push(nonce);
      return { auth_token: `t${nonces.length}` };
    },
  });
  assert.match(server.client.login, /"auth_token":"t1"/);
  server.options = { info: { nonce: "two" } };
  server.client.drop();
  await scene.until(() => server.connections.length === 2);
  await scene.settled(client.flush());
  assert.deepEqual(nonces, ["one", "two"]);
  assert.match(server.client.login, /"auth_token":"t2"/);
});
