/** How long responses of services are waited for, and that nothing is left of those that do not come. */
import assert from "node:assert/strict";
import type { ServiceExport } from "../../src/options/options.ts";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
} from "../accounts/account_options.ts";
import { test, type TestContext } from "../support/test.ts";
import { startStillMidge, type StillPeer } from "./still_midge.ts";
import type { VirtualClock } from "../support/virtual_clock.ts";

interface Stage {
  readonly clock: VirtualClock;
  readonly e: StillPeer;
  readonly i: StillPeer;
  /** Another client of the importing account. */
  login(): Promise<StillPeer>;
  /** Responses that the exporting account owes, as many as requests wait in the other one. */
  awaited(): number;
}

async function stage(
  t: TestContext,
  changes: Partial<ServiceExport>,
): Promise<Stage> {
  const still = await startStillMidge(t, {
    pingIntervalMs: 1e9,
    accounts: [
      accountWithUser("E", { exports: [serviceExport("q", changes)] }),
      accountWithUser("I", { imports: [serviceImport("E", "q")] }),
    ],
  });
  const { accounts } = still.midge.server.broker.host;
  const fields = { pass: "pw", headers: true, no_responders: true };
  const login = () => still.login({ user: "i", ...fields });
  const e = await still.login({ user: "e", ...fields });
  await e.say("SUB q 1\r\n");
  return {
    clock: still.clock,
    e,
    i: await login(),
    login,
    awaited: () => {
      const owed = accounts.imports.responsesOf(accounts.named("E")!).size;
      const waiting = accounts.imports.repliesOf(accounts.named("I")!).size;
      assert.equal(owed, waiting);
      return owed;
    },
  };
}

/** Asks, and gives the reply subject that the service saw. */
async function ask(
  { e, i }: Stage,
  reply: string,
  by: StillPeer = i,
): Promise<string> {
  await by.say(`PUB q ${reply} 1\r\nr\r\n`);
  return /_R_\S+/.exec(e.take())![0];
}

const respond = (reply: string): string => `PUB ${reply} 2\r\nok\r\n`;

test("a single response is waited for as long as the threshold says", async (t) => {
  const at = await stage(t, { thresholdMs: 500 });
  await at.i.say("SUB in.* 1\r\n");
  const [soon, late] = [await ask(at, "in.1"), await ask(at, "in.2")];
  assert.equal(at.awaited(), 2);
  await at.clock.advance(499);
  await at.e.say(respond(soon));
  assert.equal(at.i.take(), "MSG in.1 1 2\r\nok\r\n");
  assert.equal(at.awaited(), 1);
  await at.clock.advance(1);
  assert.equal(at.awaited(), 0);
  await at.e.say(respond(late));
  assert.equal(at.i.take(), "");
});

test("without a threshold it is two minutes", async (t) => {
  const at = await stage(t, { thresholdMs: 0 });
  await at.i.say("SUB in.* 1\r\n");
  await ask(at, "in.1");
  await at.clock.advance(119_999);
  assert.equal(at.awaited(), 1);
  await at.clock.advance(1);
  assert.equal(at.awaited(), 0);
});

test("each response of a stream gives it the whole threshold again", async (t) => {
  const at = await stage(t, { response: "stream", thresholdMs: 500 });
  await at.i.say("SUB in.* 1\r\n");
  const [busy, quiet] = [await ask(at, "in.1"), await ask(at, "in.2")];
  for (let n = 0; n < 5; n++) {
    await at.clock.advance(400);
    await at.e.say(respond(busy));
    assert.equal(at.i.take(), "MSG in.1 1 2\r\nok\r\n");
  }
  assert.equal(at.awaited(), 1);
  await at.e.say(respond(quiet));
  assert.equal(at.i.take(), "");
  await at.clock.advance(500);
  assert.equal(at.awaited(), 0);
});

test("a requester that unsubscribes or goes is not waited for", async (t) => {
  const at = await stage(t, { response: "stream" });
  await at.i.say("SUB in.1 1\r\nSUB in.2 2\r\n");
  const other = await at.login();
  await other.say("SUB box.* 1\r\nSUB in.2 2\r\n");
  await ask(at, "in.1");
  await ask(at, "in.2");
  await ask(at, "box.1", other);
  await ask(at, "box.2", other);
  assert.equal(at.awaited(), 4);
  await at.i.say("UNSUB 1\r\n");
  assert.equal(at.awaited(), 3);
  await at.i.say("UNSUB 2\r\n");
  assert.equal(at.awaited(), 3, "another one hears that");
  other.end();
  await at.clock.advance(2_000);
  assert.equal(at.awaited(), 0);
});

test("a response that nobody hears is the last one", async (t) => {
  const at = await stage(t, { response: "stream" });
  const reply = await ask(at, "nobody");
  assert.equal(at.awaited(), 1);
  await at.e.say(respond(reply));
  assert.equal(at.awaited(), 0);
});

test("an account waits for a bounded number of responses, the newest ones", async (t) => {
  const at = await stage(t, {});
  await at.i.say("SUB in.* 1\r\n");
  const first = await ask(at, "in.1");
  const burst = "PUB q in.x 1\r\nr\r\n".repeat(1_000);
  for (let n = 0; n < 70; n++) {
    await at.i.say(burst);
    at.e.take();
  }
  assert.equal(at.awaited(), 65_536);
  await at.e.say(respond(first));
  assert.equal(at.i.take(), "");
  const last = await ask(at, "in.2");
  await at.e.say(respond(last));
  assert.equal(at.i.take(), "MSG in.2 1 2\r\nok\r\n");
  await at.clock.advance(120_000);
  assert.equal(at.awaited(), 0);
});
