/** What `/accountz` tells of an account in operator mode, beside the nats-server that counts. */
import assert from "node:assert/strict";
import { Chain, FREE_ACCOUNT } from "../auth/jwt/chain.ts";
import { connectClient } from "../routes/route_peer.ts";
import { startMidge } from "../support/midge.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { test } from "../support/test.ts";

type Detail = Record<string, unknown>;

/** nats-server has them in any order. */
function exportsOf(detail: Detail): Detail[] {
  return (detail["exports"] as Detail[]).sort((one, other) =>
    String(one["subject"]) < String(other["subject"]) ? -1 : 1
  );
}

async function detailAt(port: number, key: string): Promise<Detail> {
  const url = `http://127.0.0.1:${port}/accountz?acc=${key}`;
  return (await (await fetch(url)).json()).account_detail;
}

/** What its JWT says, without what nats-server adds to one that a test made. */
function told(detail: Detail): unknown {
  const {
    account_name,
    expired,
    jwt,
    issuer_key,
    name_tag,
    tags,
    decoded_jwt,
    revoked_user,
  } = detail;
  const { sub, iss, name, nats } = decoded_jwt as Detail;
  const revoked = Object.entries(revoked_user as Record<string, string>)
    .map(([user, at]) => [user, Date.parse(at)]);
  return {
    ...{ account_name, expired, jwt, issuer_key, name_tag, tags, revoked },
    ...{ sub, iss, name, limits: (nats as Detail)["limits"] },
  };
}

test("both servers tell the same of an account that a JWT tells of", {
  skip: modelMissing,
}, async (t) => {
  const chain = new Chain();
  const account = chain.account();
  const bearer = account.user({ bearer_token: true });
  const user = account.user().key;
  const jwt = account.jwt({
    limits: { ...FREE_ACCOUNT, conn: 7, subs: 20, payload: 1000 },
    tags: ["red", "blue"],
    revocations: { [user]: 1_700_000_000 },
  }, { name: "ACME" });
  const operator = chain.operatorJwt();
  const model = await startNatsServer({
    command: newestNatsServer,
    config:
      `http: "127.0.0.1:-1"\noperator: ${operator}\nresolver: MEMORY\nresolver_preload: { ${account.key}: ${jwt} }\n`,
  });
  t.after(() => model.stop());
  const [, port] = await model.process.waitFor(
    /Starting http monitor on \S+:(\d+)/,
  );
  const midge = await startMidge(t, {
    http: { host: "127.0.0.1", port: 0 },
    trust: chain.trust([[account.key, jwt]], { operators: [operator] }),
  });
  // nats-server knows an account from its first login on.
  for (const server of [model, midge]) {
    await connectClient(t, server, { jwt: bearer.jwt });
  }
  const [theirs, ours] = [
    await detailAt(Number(port), account.key),
    await detailAt(midge.httpPort, account.key),
  ];
  assert.deepEqual(told(ours), told(theirs));
  const { limits } = told(ours) as Detail;
  const { conn, subs, payload } = limits as Detail;
  assert.deepEqual([conn, subs, payload], [7, 20, 1000]);
});

test(
  "both servers tell what is odd about an account's JWT, and which activations it has revoked",
  {
    skip: modelMissing,
  },
  async (t) => {
    const chain = new Chain();
    const [account, exporter] = [chain.account(), chain.account()];
    const importer = chain.account().key;
    const revokedAt = 1_700_000_000;
    const jwt = account.jwt({
      exports: [
        {
          ...{ name: "s", subject: "s.>", type: "stream", token_req: true },
          revocations: { [importer]: revokedAt, "*": revokedAt - 1 },
        },
        { name: "q", subject: "q", type: "service" },
      ],
      imports: [
        {
          ...{ name: "i", subject: "t", to: "here", type: "stream" },
          account: exporter.key,
        },
      ],
    });
    const preload: [string, string][] = [
      [account.key, jwt],
      exporter.entry({ exports: [{ subject: "t", type: "stream" }] }) as [
        string,
        string,
      ],
    ];
    const operator = chain.operatorJwt();
    const model = await startNatsServer({
      command: newestNatsServer,
      config:
        `http: "127.0.0.1:-1"\noperator: ${operator}\nresolver: MEMORY\nresolver_preload: {\n${
          preload.map((each) => each.join(": ")).join("\n")
        }\n}\n`,
    });
    t.after(() => model.stop());
    const [, port] = await model.process.waitFor(
      /Starting http monitor on \S+:(\d+)/,
    );
    const midge = await startMidge(t, {
      http: { host: "127.0.0.1", port: 0 },
      trust: chain.trust(preload, { operators: [operator] }),
    });
    const bearer = account.user({ bearer_token: true });
    for (const server of [model, midge]) {
      await connectClient(t, server, { jwt: bearer.jwt });
    }
    const [theirs, ours] = [
      await detailAt(Number(port), account.key),
      await detailAt(midge.httpPort, account.key),
    ];
    const name = "validation_result_jwt";
    assert.deepEqual(ours[name], theirs[name]);
    assert.deepEqual(exportsOf(ours), exportsOf(theirs));
  },
);
