/**
 * What is wrong with the claims of accounts, in the words of the nats-server whose
 * behaviour counts: both servers start with the same JWTs, and say the same of
 * each.
 */
import assert from "node:assert/strict";
import { Chain, FREE_ACCOUNT } from "../auth/jwt/chain.ts";
import { startMidge } from "../support/midge.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { test } from "../support/test.ts";

const chain = new Chain();
const other = chain.account();
const self = chain.account();
const USER = other.user().key;

function imports(...list: object[]): Record<string, unknown> {
  return { imports: list };
}

function exports(...list: object[]): Record<string, unknown> {
  return { exports: list };
}

const SERVICE = { account: other.key, type: "service" };
const STREAM = { account: other.key, type: "stream" };

function token(
  nats: Record<string, unknown>,
  importer: string = self.key,
): object {
  return { token: other.activation(importer, nats) };
}

const Q = { subject: "q.*", kind: "service" };

const ROWS: Readonly<
  Record<
    string,
    readonly [
      nats: Record<string, unknown>,
      head?: { exp?: number; nbf?: number },
    ]
  >
> = {
  "nothing": [{}],
  "expired": [{}, { exp: 2 }],
  "too early": [{}, { nbf: 9_999_999_999 }],
  "more exports": [{
    ...exports({ subject: "a", type: "stream" }),
    limits: { ...FREE_ACCOUNT, exports: 0 },
  }],
  "wildcard exports": [{
    ...exports({ subject: "a.*", type: "stream" }),
    limits: { ...FREE_ACCOUNT, exports: 5, wildcards: false },
  }],
  "an unknown response": [
    exports({ subject: "a", type: "service", response_type: "Foo" }),
  ],
  "a response of a stream": [
    exports({ subject: "a", type: "stream", response_type: "Singleton" }),
  ],
  "no type": [exports({ subject: "a" })],
  "no subject": [exports({ type: "stream" })],
  "a null": [{ exports: [null] }],
  "trace of a stream": [
    exports({ subject: "a", type: "stream", allow_trace: true }),
  ],
  "latency of a stream": [
    exports({
      subject: "a",
      type: "stream",
      service_latency: { sampling: 5, results: "r" },
    }),
  ],
  "much latency": [
    exports({
      subject: "a",
      type: "service",
      service_latency: { sampling: 101, results: "r.*" },
    }),
  ],
  "latency of headers": [
    exports({
      subject: "a",
      type: "service",
      service_latency: { sampling: "headers", results: "r" },
    }),
  ],
  "a threshold of a stream": [
    exports({ subject: "a", type: "stream", response_threshold: 5 }),
  ],
  "a negative threshold": [
    exports({ subject: "a", type: "service", response_threshold: -5 }),
  ],
  "a position without a wildcard": [
    exports({ subject: "a.b", type: "stream", account_token_position: 1 }),
  ],
  "a position at no wildcard": [
    exports({ subject: "s.*", type: "stream", account_token_position: 1 }),
  ],
  "a position too far": [
    exports({ subject: "s.*", type: "stream", account_token_position: 3 }),
  ],
  "exports that overlap": [
    exports({ subject: "a.>", type: "stream" }, {
      subject: "a.b",
      type: "stream",
    }),
  ],
  "exports of two kinds that overlap": [
    exports({ subject: "a.>", type: "stream" }, {
      subject: "a.b",
      type: "service",
    }),
  ],
  "a description of an export": [
    exports({ subject: "a", type: "stream", description: "x".repeat(8193) }),
  ],
  "an import from nowhere": [imports({ subject: "a", type: "stream" })],
  "an old import": [imports({ ...STREAM, subject: "a", to: "b" })],
  "an old import beside a bad one": [
    imports({ ...STREAM, subject: "a", to: "b" }, {
      ...STREAM,
      subject: "a b",
    }),
  ],
  "two local subjects": [
    imports({ ...STREAM, subject: "a", to: "b", local_subject: "c" }),
  ],
  "a shared stream": [imports({ ...STREAM, subject: "x", share: true })],
  "a traced service": [
    imports({ ...SERVICE, subject: "x", allow_trace: true }),
  ],
  "services that overlap": [
    imports({ ...SERVICE, subject: "a" }, {
      ...SERVICE,
      subject: "b",
      local_subject: "a",
    }),
  ],
  "wide services that overlap": [
    imports({ ...SERVICE, subject: "a.*" }, {
      ...SERVICE,
      subject: "b",
      local_subject: "a.b",
    }),
  ],
  "few references": [
    imports({ ...STREAM, subject: "a.*.*", local_subject: "b.$1" }),
  ],
  "a reference too far": [
    imports({ ...STREAM, subject: "a.*", local_subject: "b.$2" }),
  ],
  "one open end": [imports({ ...STREAM, subject: "a.>", local_subject: "b" })],
  "good references": [
    imports({ ...STREAM, subject: "a.*.*", local_subject: "b.$2.$1" }),
  ],
  "more imports": [{
    ...imports({ ...STREAM, subject: "a" }),
    limits: { ...FREE_ACCOUNT, imports: -2 },
  }],
  "no token": [imports({ ...SERVICE, subject: "q.a", token: "zz" })],
  "a token of a URL": [
    imports({ ...SERVICE, subject: "q.a", token: "https://127.0.0.1/x" }),
  ],
  "a good token": [imports({ ...SERVICE, subject: "q.a", ...token(Q) })],
  "a token of another subject": [
    imports({ ...SERVICE, subject: "q.a", ...token({ ...Q, subject: "zz" }) }),
  ],
  "a token of another kind": [
    imports({ ...SERVICE, subject: "q.a", ...token({ ...Q, kind: "stream" }) }),
  ],
  "a token of no kind": [
    imports({ ...SERVICE, subject: "q.a", ...token({ subject: "q.*" }) }),
  ],
  "a token for another one": [
    imports({ ...SERVICE, subject: "q.a", ...token(Q, other.key) }),
  ],
  "a token of another one": [
    imports({
      ...SERVICE,
      subject: "q.a",
      account: chain.account().key,
      ...token(Q),
    }),
  ],
  "permissions": [{
    default_permissions: {
      pub: { allow: ["a b"] },
      sub: { deny: ["a b c", "x..y", ".z"] },
    },
  }],
  "a heavy mapping": [{ mappings: { a: [{ subject: "b", weight: 101 }] } }],
  "a mapping of too many": [{
    mappings: {
      a: [{ subject: "b", weight: 60 }, { subject: "c", weight: 60 }],
    },
  }],
  "a mapping of too many in a cluster": [{
    mappings: {
      a: [{ subject: "b", weight: 60, cluster: "C" }, {
        subject: "c",
        cluster: "C",
      }],
    },
  }],
  "a mapping of nothing": [{ mappings: { "a..b": [{ subject: "" }] } }],
  "a wide trace": [{ trace: { dest: "a.*" } }],
  "a bad trace": [{ trace: { dest: "a..b", sampling: 200 } }],
  "a trace of nothing": [{ trace: {} }],
  "accounts without users": [{
    authorization: { allowed_accounts: [other.key] },
  }],
  "odd users": [{
    authorization: {
      auth_users: ["x", USER],
      allowed_accounts: ["*", "foo"],
      xkey: "bar",
    },
  }],
  "any account": [{
    authorization: { auth_users: [USER], allowed_accounts: ["*"] },
  }],
  "a signing key that is none": [{
    signing_keys: ["foo", { kind: "user_scope", key: "bar", template: {} }],
  }],
  "a description": [{ description: "x".repeat(8193), info_url: "::" }],
  "a link": [{ info_url: "http://example.org/x" }],
  "a link to nothing": [{ info_url: "foo" }],
  "traffic": [{ cluster_traffic: "foo" }],
  "storage": [{ limits: { ...FREE_ACCOUNT, tiered_limits: { "": {} } } }],
};

/** The lines about each account, in any order. */
function issuesIn(lines: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let list: string[] = [];
  for (const line of lines) {
    const key = /Account \[(A\w+)\] has validation issues:$/.exec(line)?.[1];
    const invalid = /Preloaded account \[(A\w+)\] not valid$/.exec(line)?.[1];
    const issue = /(?:\[WRN\]|^WRN) {3}- (.*)$/.exec(line)?.[1];
    if (key !== undefined) found.set(key, list = []);
    else if (invalid !== undefined) found.set(invalid, ["not valid"]);
    else if (issue !== undefined) list.push(issue);
  }
  for (const issues of found.values()) issues.sort();
  return found;
}

test("both servers find the same wrong with the claims of accounts", {
  skip: modelMissing,
}, async (t) => {
  const accounts = Object.entries(ROWS).map(([title, [nats, head = {}]]) => {
    const account = /token/.test(title) ? self : chain.account();
    return { title, key: account.key, jwt: account.jwt(nats, head) };
  });
  // Tokens are made for one account, which can be preloaded only once.
  const batches: (typeof accounts)[] = [[]];
  for (const account of accounts) {
    const batch = batches.find((each) =>
      each.every(({ key }) => key !== account.key)
    );
    if (batch === undefined) batches.push([account]);
    else batch.push(account);
  }
  const operator = chain.operatorJwt();
  for (const batch of batches) {
    const preload = batch.map(({ key, jwt }) => [key, jwt] as const);
    const lines = preload.map(([key, jwt]) => `${key}: ${jwt}`).join("\n");
    const model = await startNatsServer({
      command: newestNatsServer,
      config:
        `operator: ${operator}\nresolver: MEMORY\nresolver_preload: {\n${lines}\n}\n`,
    });
    const expected = issuesIn(model.process.stderr.split("\n"));
    await model.stop();
    const { log } = await startMidge(t, {
      trust: chain.trust(preload, { operators: [operator] }),
    });
    const found = issuesIn(log.lines);
    for (const { title, key } of batch) {
      assert.deepEqual(found.get(key), expected.get(key), title);
    }
  }
});
