/** A reload of a server that asks a service who may come in. */
import assert from "node:assert/strict";
import { makeCalloutKeys, serveCallout } from "../support/callout_service.ts";
import { test } from "../support/test.ts";
import { startReloadable } from "./reloading.ts";

const keys = makeCalloutKeys();

function configuration(users: string, more: string = ""): string {
  return `accounts {
    APP { users: [ ${users} ] }
    AUTH { users: [ { user: auth, password: auth } ] }
  }
  authorization {
    auth_callout { issuer: ${keys.issuer.getPublicKey()}, account: AUTH, auth_users: [auth] }
  }
  ${more}`;
}

const ONE = "{ user: st, password: st }";

test("who came in by a service's answer stays in a reload, and the service is not asked again", async (t) => {
  const midge = await startReloadable(t, configuration(ONE));
  const service = await serveCallout(
    t,
    midge.server.address!.port,
    keys,
    (_user, answer) => [answer.response({ jwt: answer.user() })],
  );
  const joe = await midge.login({ user: "joe", pass: "p" });
  await midge.reload(configuration(ONE, "max_payload: 1000"));
  await joe.silence();
  assert.equal(service.asked.length, 1);
});
