/** No secret of a client or of the configuration is ever written to the log, not even at -DV. */
import assert from "node:assert/strict";
import type { AuthorizationOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";

const SECRET = "s3cr3t-Zebra";
const CLAIMED = "gu3ss-Giraffe";
const KEY = "UDLVS6J3XQJ2FAM2QJ6HNLNW7OUKJGXOAB7UT4WQTEWZTOBFVUWEQTSF";

const MODES: Readonly<Record<string, Partial<AuthorizationOptions>>> = {
  "no login": {},
  token: { token: SECRET },
  "one user": { user: "ann", password: SECRET },
  users: { users: [{ user: "ann", password: SECRET }] },
  keys: { users: [{ user: "", password: "", nkey: KEY }] },
  "a hashed token": {
    token: "$2a$04$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
  },
};

/** What a client may send with a secret in it, well formed or not. */
function openings(secret: string): string[] {
  const fields = {
    user: "ann",
    pass: secret,
    auth_token: secret,
    jwt: secret,
    nkey: secret,
    sig: secret,
  };
  const json = JSON.stringify(fields);
  return [
    `CONNECT ${json}`,
    `CONNECT ${json.replaceAll('"pass"', '"PASS"')}`,
    `CONNECT {"pass":${secret}}`,
    `CONNECT {"pass":"${secret}"`,
    `CONNECT {"pass":"${secret}",}`,
    `CONNECT {"pass":["${secret}"]}`,
    `CONNECT {"pass":{"x":"${secret}"}}`,
    `CONNECT {"auth_token":"${secret}" "user":1}`,
    `CONNECT ${secret}`,
    `CONNECT "${secret}"`,
  ];
}

for (const [mode, authorization] of Object.entries(MODES)) {
  test(`with ${mode}, the log knows no secret`, async (t) => {
    const { log, port } = await startMidge(t, {
      debug: true,
      trace: true,
      traceVerbose: true,
      authorization: { users: [], timeoutMs: 2000, ...authorization },
    }, { compareHash: () => Promise.resolve(false) });
    for (const line of [...openings(SECRET), ...openings(CLAIMED)]) {
      const peer = await connectPeer({ port });
      await peer.expectLine();
      peer.send(`${line}\r\nZZZ\r\n`);
      await peer.expectClosed();
    }
    const text = log.lines.join("\n");
    assert.match(text, /<<- \[CONNECT /, "the CONNECTs are not in the log");
    for (const secret of [SECRET, CLAIMED]) {
      // A part of a secret is a secret too.
      for (const part of [secret, secret.slice(0, 6), secret.slice(-6)]) {
        const at = text.indexOf(part);
        assert.equal(at, -1, text.slice(Math.max(0, at - 200), at + 50));
      }
    }
  });
}

test("what a log line shows of a client cannot forge another line", async (t) => {
  const { log, port } = await startMidge(t, { debug: true, trace: true });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ name: "a\n[1] [INF] forged" });
  peer.send("SUB a\rb 1\r\nPUB \x1b[2J 2\r\n\x1b\n\r\n-ERR 'x\ry\x07'\r\n");
  await peer.expectClosed();
  for (const line of log.lines) {
    const isClean = [...line].every((char) => char >= " " && char !== "\x7f");
    assert.ok(isClean, JSON.stringify(line));
  }
});
