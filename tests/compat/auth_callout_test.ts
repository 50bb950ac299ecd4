/**
 * A service that decides about logins, the same one at Midge and at nats-server:
 * who comes in, as whom, and what the log says of those who do not.
 */
import assert from "node:assert/strict";
import { createCurve } from "@nats-io/nkeys";
import {
  anotherAccount,
  anotherUser,
  type Answer,
  type Answers,
  makeCalloutKeys,
  serveCallout,
} from "../support/callout_service.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { IN, login, OUT, start, SUBJECTS } from "./two_servers.ts";

const keys = makeCalloutKeys();
const issuer = keys.issuer.getPublicKey();

const ACCOUNTS = `accounts {
  APP { users: [{ user: st, password: st }] }
  AUTH { users: [{ user: auth, password: auth }] }
  OTHER { users: [{ user: oth, password: oth }] }
}
server_name: srv
`;

function configuration(more = ""): string {
  return `${ACCOUNTS}authorization { timeout: 1s
  auth_callout { issuer: ${issuer}, account: AUTH, auth_users: [auth]${more} }
}\n`;
}

const SEALED = `, xkey: ${keys.curve.getPublicKey()}`;

/** A user name, what is answered for it, and what the log says of that; empty: it comes in. */
type Row = readonly [
  user: string,
  answers: (answer: Answer) => readonly string[],
  log: string,
];

/** An answer with the JWT of a user who is not quite as the server wants it. */
function withUser(
  claims: Readonly<Record<string, unknown>>,
  nats: Readonly<Record<string, unknown>> = {},
): Row[1] {
  return (answer) => [answer.response({ jwt: answer.user(claims, nats) })];
}

const encoder = new TextEncoder();
/** What the log says of answers that cannot be read. */
const FAULTS = /(?:Error decrypting|Expected 3 chunks).*\n/g;

const NOT_ALLOWED = 'Authorized user on account "AUTH" not allowed';
const INVALID = "Authorization response had validation errors:";

const ROWS: readonly Row[] = [
  ["fine", withUser({}), ""],
  ["of the global account", withUser({ aud: "$G" }), ""],
  ["without a name", withUser({ name: undefined }), ""],
  [
    "first answer counts",
    (answer) => [
      answer.response({ jwt: answer.user() }),
      answer.response({ error: "late" }),
    ],
    "",
  ],
  [
    "error",
    (answer) => [answer.response({ error: "no way" })],
    "Auth callout service returned an error: no way",
  ],
  [
    "neither",
    (answer) => [answer.response({})],
    `${INVALID} Error or Jwt is required`,
  ],
  [
    "both",
    (answer) => [answer.response({ error: "x", jwt: answer.user() })],
    `${INVALID} Only Error or Jwt can be set`,
  ],
  [
    "nothing",
    () => [""],
    'Auth callout violation: "no reason supplied" on account "AUTH"',
  ],
  ["no JWT", () => ["abc"], "Expected 3 chunks"],
  [
    "another kind",
    (answer) => [answer.user()],
    "Not an authorization request claim",
  ],
  [
    "unsigned",
    (answer) => [
      `${
        answer.response({ jwt: answer.user() }).split(".").slice(0, 2).join(".")
      }.${"A".repeat(86)}`,
    ],
    "Claim failed V2 signature verification",
  ],
  [
    "another signer",
    (answer) => [
      answer.response({ jwt: answer.user() }, {}, anotherAccount()),
    ],
    "Auth callout signing key is unknown",
  ],
  [
    "another user",
    (answer) => [
      answer.response({ jwt: answer.user() }, { sub: anotherUser() }),
    ],
    "Auth callout violation: auth callout response is not for expected user",
  ],
  [
    "another server",
    (answer) => [
      answer.response({ jwt: answer.user() }, { aud: serverKey() }),
    ],
    "Auth callout violation: auth callout response is not for server",
  ],
  [
    "no server",
    (answer) => [answer.response({ jwt: answer.user() }, { aud: "NOTHER" })],
    `${INVALID} Audience must be a server public key`,
  ],
  [
    "late response",
    (answer) => [answer.response({ jwt: answer.user() }, { exp: 1000 })],
    `${INVALID} claim is expired`,
  ],
  [
    "user of another signer",
    (answer) => [
      answer.response({ jwt: answer.user({}, {}, anotherAccount()) }),
    ],
    `Wrong issuer for auth callout response on account "AUTH", expected "${issuer}" got "A`,
  ],
  [
    "JWT of another user",
    withUser({ sub: anotherUser() }),
    'Expected authorized user of "U',
  ],
  [
    "no such account",
    withUser({ aud: "ZZ" }),
    'No valid account "ZZ" for auth callout response on account "AUTH": account missing',
  ],
  [
    "no account",
    withUser({ aud: undefined }),
    'No valid account "" for auth callout response on account "AUTH": account missing',
  ],
  [
    "expired",
    withUser({ exp: 1000 }),
    "Error validating user JWT: claim is expired",
  ],
  [
    "not yet",
    withUser({ nbf: 9_999_999_999 }),
    "Error validating user JWT: claim is not yet valid",
  ],
  [
    "from elsewhere",
    withUser({}, { src: ["10.0.0.0/8"] }),
    `${NOT_ALLOWED} from source "127.0.0.1"`,
  ],
  [
    "by WebSocket",
    withUser({}, { allowed_connection_types: ["WEBSOCKET"] }),
    `${NOT_ALLOWED} to use connection type`,
  ],
  [
    "issuer account",
    withUser({}, { issuer_account: issuer }),
    'Error non operator mode account "AUTH": attempted to use issuer_account',
  ],
  [
    "illegal subject",
    withUser({}, { pub: { allow: ["a b"] } }),
    'Error validating user JWT: Permission Subject "a b" is not allowed to contain queue',
  ],
  [
    "silence",
    () => [],
    'Authorization callout response not received in time on account "AUTH"',
  ],
];

function serverKey(): string {
  // Of another server: the checksum is right.
  return "NDHGEF4KIDM3JBA5KEPWQZD3UBBKGUF43FUKCJLQTIBH2D4QQC3YQXIQ";
}

const answersOf: Answers = (user, answer) => {
  const row = ROWS.find(([name]) => name === user) ?? ROWS[0]!;
  return row[1](answer);
};

for (const subject of SUBJECTS) {
  const { title, skip } = subject;

  test(`${title} lets in whom the service lets in, and says why not`, {
    skip,
  }, async (t) => {
    const { port, process } = await start(t, subject, configuration());
    await serveCallout(t, port, keys, answersOf);
    for (const [user, , text] of ROWS) {
      const { answer } = await login(t, port, { user, pass: "secret" });
      assert.equal(answer, text === "" ? IN : OUT, user);
      if (text !== "") await process.waitFor(text);
    }
    assert(!process.stderr.includes("secret"));
  });

  test(`${title} asks about everybody but the service itself`, {
    skip,
  }, async (t) => {
    const { port } = await start(t, subject, configuration());
    const fresh = await login(t, port, { user: "fine", pass: "" });
    assert.equal(fresh.answer, OUT, "nobody is there to be asked");
    const service = await serveCallout(t, port, keys, answersOf);
    const { answer } = await login(t, port, {
      ...{ user: "st", pass: "st", name: "who", lang: "ts", version: "1" },
      protocol: 1,
    });
    assert.equal(answer, IN);
    assert.equal(service.asked.length, 1);
    const { iss, sub, aud, exp, iat, nats } = service.asked[0]!;
    assert.match(iss, /^N[A-Z2-7]{55}$/);
    assert.equal(sub, issuer);
    assert.equal(aud, "nats-authorization-request");
    assert.equal(exp - iat, 1);
    assert.match(nats.user_nkey, /^U[A-Z2-7]{55}$/);
    assert.deepEqual(nats.server_id, {
      ...{ name: "srv", host: "127.0.0.1", id: iss, version: "2.15.3" },
    });
    assert.deepEqual({ ...nats.client_info, id: 0 }, {
      ...{ host: "127.0.0.1", id: 0, user: "st", name: "who" },
      ...{ kind: "Client", type: "nats" },
    });
    assert.deepEqual(nats.connect_opts, {
      ...{ user: "st", pass: "st", name: "who", lang: "ts", version: "1" },
      protocol: 1,
    });
    assert.equal(nats.type, "authorization_request");
    assert.equal(nats.version, 2);
    assert.match(
      service.messages[0]!.reply!,
      /^\$SYS\._INBOX\.\w{8}\.\w{8}$/,
    );
  });

  test(`${title} seals its questions, and asks about some accounts only`, {
    skip,
  }, async (t) => {
    const config = configuration(`${SEALED}, allowed_accounts: [APP]`);
    const { port } = await start(t, subject, config);
    const service = await serveCallout(t, port, keys, answersOf);
    const tell = async (user: string, pass: string): Promise<string> =>
      (await login(t, port, { user, pass })).answer;
    assert.equal(await tell("oth", "oth"), IN);
    assert.equal(service.asked.length, 0);
    assert.equal(await tell("fine", ""), IN);
    assert.equal(await tell("error", ""), OUT);
    assert.equal(await tell("st", "st"), IN);
    const { xkey } = service.asked[0]!.nats.server_id;
    assert.match(xkey!, /^X[A-Z2-7]{55}$/);
    assert.deepEqual(
      service.asked.map(({ nats }) => nats.connect_opts["user"]),
      [
        ...["fine", "error", "st"],
      ],
    );
  });

  test(`${title} opens what is sealed for it, and nothing else`, {
    skip,
  }, async (t) => {
    const { port, process } = await start(t, subject, configuration(SEALED));
    await serveCallout(t, port, keys, (user, answer) => {
      const text = encoder.encode(answer.response({ jwt: answer.user() }));
      const own = answer.asked.nats.server_id["xkey"]!;
      const sealed = keys.curve.seal(text, own);
      const answers: Readonly<Record<string, Uint8Array>> = {
        plain: text,
        sealed,
        "by another": createCurve().seal(text, own),
        "for another": keys.curve.seal(text, createCurve().getPublicKey()),
        cut: sealed.slice(0, -1),
        short: sealed.slice(0, 20),
        junk: encoder.encode("abc"),
        "another version": sealed.map((byte, i) => i === 3 ? byte + 1 : byte),
        "not sealed, and cut": text.slice(0, 9),
      };
      return [answers[user]!];
    });
    const fault = (what: string): string =>
      'Error decrypting auth callout response on account "AUTH": ' +
      `nkeys: ${what}\n`;
    const rows: readonly (readonly [user: string, log: string])[] = [
      ["plain", ""],
      ["sealed", ""],
      ["by another", fault("could not decrypt input")],
      ["for another", fault("could not decrypt input")],
      ["cut", fault("could not decrypt input")],
      ["short", fault("encrypted input is not valid")],
      ["junk", fault("encrypted input is not valid")],
      ["another version", fault("encrypted input wrong version")],
      ["not sealed, and cut", "Expected 3 chunks\n"],
    ];
    let said = "";
    for (const [user, log] of rows) {
      const { answer } = await login(t, port, { user, pass: "" });
      assert.equal(answer, log === "" ? IN : OUT, user);
      said += log;
      await until(`the log tells of "${user}"`, () => {
        const told = process.stderr.match(FAULTS) ?? [];
        return told.join("") === said;
      });
    }
  });

  test(
    `${title} gives the user what its JWT allows, and keeps all from the service`,
    {
      skip,
    },
    async (t) => {
      const { port } = await start(t, subject, configuration());
      await serveCallout(t, port, keys, (user, answer) => [
        answer.response({
          jwt: user === "inside"
            ? answer.user({ aud: "AUTH" })
            : answer.user({}, {
              pub: { allow: ["ok"] },
              sub: { deny: ["no"] },
            }),
        }),
      ]);
      const ruled = await login(t, port, { user: "ruled", pass: "" });
      ruled.peer.send(
        "SUB * 1\r\nPUB ok 1\r\nx\r\nPUB no 1\r\nx\r\nSUB no 2\r\nPING\r\n",
      );
      assert.equal(
        await ruled.peer.expect(IN),
        "MSG ok 1 1\r\nx\r\n" +
          "-ERR 'Permissions Violation for Publish to \"no\"'\r\n" +
          "-ERR 'Permissions Violation for Subscription to \"no\"'\r\n" + IN,
      );
      const inside = await login(t, port, { user: "inside", pass: "" });
      inside.peer.send(
        "SUB $SYS._INBOX.> 1\r\nSUB $SYS.REQ.USER.AUTH 2\r\nSUB > 3\r\n" +
          "PUB $SYS.REQ.USER.AUTH 1\r\nx\r\nPUB a 1\r\nx\r\nPING\r\n",
      );
      const violation = "-ERR 'Permissions Violation for";
      assert.equal(
        await inside.peer.expect(IN),
        `${violation} Subscription to "$SYS._INBOX.>"'\r\n` +
          `${violation} Subscription to "$SYS.REQ.USER.AUTH"'\r\n` +
          `${violation} Publish to "$SYS.REQ.USER.AUTH"'\r\n` +
          `MSG a 3 1\r\nx\r\n${IN}`,
      );
      // What is asked about others is not heard by a wildcard either.
      assert.equal((await login(t, port, { user: "x", pass: "" })).answer, IN);
      inside.peer.send("PING\r\n");
      const heard = await inside.peer.expect(IN);
      assert(!heard.includes("USER.AUTH") && !heard.includes("_INBOX"), heard);
    },
  );

  test(
    `${title} asks about nobody again because its configuration is read again`,
    {
      skip,
    },
    async (t) => {
      const { port, process } = await start(t, subject, configuration());
      const service = await serveCallout(t, port, keys, answersOf);
      const { peer } = await login(t, port, { user: "fine", pass: "" });
      process.kill("SIGHUP");
      await process.waitFor("Reloaded server configuration");
      peer.send("SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n");
      assert.equal(await peer.expect(IN), `MSG a 1 1\r\nx\r\n${IN}`);
      const after = await login(t, port, { user: "error", pass: "" });
      assert.equal(after.answer, OUT);
      assert.equal(service.asked.length, 2);
    },
  );

  test(
    `${title}: GHSA-hmmp: nobody does anything before the service was asked`,
    {
      skip,
    },
    async (t) => {
      const config = `no_auth_user: st\n${configuration()}`;
      const { port } = await start(t, subject, config);
      await serveCallout(t, port, keys, (_user, answer) => [
        answer.response({ error: "nobody" }),
      ]);
      for (const text of ["PUB a 1\r\nx\r\nPING\r\n", "SUB a 1\r\nPING\r\n"]) {
        const peer = await connectPeer({ port });
        t.after(() => peer.close());
        await peer.expectLine();
        peer.send(text);
        assert.equal(await peer.expectClosed(), OUT);
      }
      const { answer } = await login(t, port, {});
      assert.equal(answer, OUT);
    },
  );

  test(`${title} says which of the service's users are missing`, {
    skip,
  }, async (t) => {
    const config = configuration()
      .replace("auth_users: [auth]", "auth_users: [auth, nix]");
    const { process, reload } = await start(t, subject, config);
    // nats-server says it too early at its start: its log is not open yet.
    if (subject === SUBJECTS[1]) await reload(config);
    await process.waitFor('Authorization callout user "nix" not valid: <nil>');
    assert(!process.stderr.includes('user "auth" not valid'));
  });

  test(`${title} refuses a reload that adds a service, by name`, {
    skip,
  }, async (t) => {
    const { process, port, ask } = await start(
      t,
      subject,
      `${ACCOUNTS}authorization { timeout: 1s }\n`,
    );
    ask(configuration());
    await process.waitFor("config reload not supported for AuthCallout");
    const { answer } = await login(t, port, { user: "st", pass: "st" });
    assert.equal(answer, IN);
  });
}
