/** Exports and imports that change while clients use them. */
import assert from "node:assert/strict";
import type { AccountOptions } from "../../src/options/options.ts";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../accounts/account_options.ts";
import { connectClient, roundTrip, tell } from "../routes/route_peer.ts";
import { startMidge } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

type Exports = AccountOptions["exports"];
type ImportList = AccountOptions["imports"];

type Configure = (list: readonly AccountOptions[]) => void;

class Stage {
  readonly e: Peer;
  readonly i: Peer;
  readonly #configure: Configure;

  private constructor(e: Peer, i: Peer, configure: Configure) {
    this.e = e;
    this.i = i;
    this.#configure = configure;
  }

  static async start(
    t: TestContext,
    exports: Exports,
    imports: ImportList,
  ): Promise<Stage> {
    const midge = await startMidge(t, { accounts: listOf(exports, imports) });
    const [e, i] = await Promise.all(
      ["e", "i"].map((user) => connectClient(t, midge, { user, pass: "pw" })),
    );
    const { accounts } = midge.server.broker.host;
    return new Stage(e!, i!, (list) => accounts.configure(list));
  }

  /** As a reload does it. */
  change(exports: Exports, imports: ImportList): void {
    this.#configure(listOf(exports, imports));
  }

  /** What the importing client hears of a message that the exporting one publishes. */
  async hears(subject: string): Promise<string> {
    await tell(this.e, `PUB ${subject} 1\r\n1\r\n`);
    return (await roundTrip(this.i)).join("|");
  }

  /** Whether the exporting client is asked what the importing one asks. */
  async isAsked(subject: string): Promise<boolean> {
    this.i.send(`PUB ${subject} in 1\r\n1\r\n`);
    const isRefused = (await roundTrip(this.i)).includes("NATS/1.0 503");
    const isAsked = (await roundTrip(this.e)).length > 0;
    assert.equal(isRefused, !isAsked);
    return isAsked;
  }
}

function listOf(exports: Exports, imports: ImportList): AccountOptions[] {
  return [
    accountWithUser("E", { exports }),
    accountWithUser("I", { imports }),
  ];
}

test("a stream that is imported from now on is heard by who is subscribed, one that is not any more is not", async (t) => {
  const exports = [streamExport("s.>")];
  const one = streamImport("E", "s.one");
  const stage = await Stage.start(t, exports, [one]);
  await tell(stage.i, "SUB s.* 1\r\nSUB x.two q 2\r\n");
  assert.equal(await stage.hears("s.one"), "MSG s.one 1 1|1");
  assert.equal(await stage.hears("s.two"), "");
  stage.change(exports, [one, streamImport("E", "s.two", { local: "x.two" })]);
  assert.equal(await stage.hears("s.one"), "MSG s.one 1 1|1");
  assert.equal(await stage.hears("s.two"), "MSG x.two 2 1|1");
  stage.change(exports, [streamImport("E", "s.two")]);
  assert.equal(await stage.hears("s.one"), "");
  assert.equal(await stage.hears("s.two"), "MSG s.two 1 1|1");
  stage.change(exports, []);
  assert.equal(await stage.hears("s.two"), "");
});

test("a stream that the exporter does not grant any more is not heard, until it is again", async (t) => {
  const imports = [streamImport("E", "s.>")];
  const stage = await Stage.start(t, [streamExport("s.>")], imports);
  await tell(stage.i, "SUB s.* 1\r\n");
  for (const revoked of [[], [streamExport("s.>", { accounts: ["X"] })]]) {
    stage.change(revoked, imports);
    assert.equal(await stage.hears("s.a"), "");
    await tell(stage.i, "SUB s.a late\r\n");
    assert.equal(await stage.hears("s.a"), "");
    stage.change([streamExport("s.>", { accounts: ["I"] })], imports);
    const lines = (await stage.hears("s.a")).split("|");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("MSG")).toSorted(),
      ["MSG s.a 1 1", "MSG s.a late 1"],
    );
    await tell(stage.i, "UNSUB late\r\n");
  }
});

test("a service comes, changes, and goes with what the accounts say of it", async (t) => {
  const exports = [serviceExport("q.>")];
  const stage = await Stage.start(t, exports, []);
  await tell(stage.e, "SUB q.one 1\r\n");
  await tell(stage.i, "SUB in 1\r\n");
  assert.equal(await stage.isAsked("ask"), false);
  stage.change(exports, [serviceImport("E", "q.one", { local: "ask" })]);
  assert.equal(await stage.isAsked("ask"), true);
  stage.change([], [serviceImport("E", "q.one", { local: "ask" })]);
  assert.equal(await stage.isAsked("ask"), false);
  stage.change(exports, [serviceImport("E", "q.two", { local: "ask" })]);
  assert.equal(await stage.isAsked("ask"), false);
  stage.change(exports, [serviceImport("E", "q.one", { local: "other" })]);
  assert.equal(await stage.isAsked("ask"), false);
  assert.equal(await stage.isAsked("other"), true);
});

test("an exporting account that goes and comes back is heard again", async (t) => {
  const accounts = [
    accountWithUser("E", { exports: [streamExport("s")] }),
    accountWithUser("I", { imports: [streamImport("E", "s")] }),
  ];
  const midge = await startMidge(t, { accounts });
  const i = await connectClient(t, midge, { user: "i", pass: "pw" });
  await tell(i, "SUB s 1\r\n");
  const all = midge.server.broker.host.accounts;
  all.configure([accounts[1]!]);
  all.configure(accounts);
  const e = await connectClient(t, midge, { user: "e", pass: "pw" });
  await tell(e, "PUB s 1\r\n1\r\n");
  assert.deepEqual(await roundTrip(i), ["MSG s 1 1", "1"]);
  all.remove("E");
  assert.equal(all.named("I")!.sublist.size, 1);
});
