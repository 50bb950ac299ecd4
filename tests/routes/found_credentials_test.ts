/** Which credentials are sent to nodes that discovery found. */
import assert from "node:assert/strict";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { discoveryAt } from "../support/directory.ts";
import { test, type TestContext } from "../support/test.ts";
import { Mute, routeOn } from "./simulation.ts";
import { infoText } from "./route_peer.ts";
import { BOTH, door, ONE, SECOND, THREE, TWO, worldOf } from "./found_world.ts";

const USER = {
  ...defaultAuthorizationOptions(),
  user: "ruth",
  password: "secret",
};

/** What a server that looks at `find` tells a machine that it found. */
async function toldTo(
  t: TestContext,
  find: string,
  trustCredentials: boolean,
): Promise<string> {
  const { world, directory, start } = worldOf(t);
  let told = "";
  await world.network.on(ONE).listen(routeOn(ONE), {}, (socket) => {
    const mute = new Mute(socket);
    mute.say(infoText({ info: { auth_required: true } }));
    world.clock.after(100, () => told ||= mute.received);
  });
  directory.listed = [door(ONE)];
  await start(TWO, {
    discovery: discoveryAt({ find }, { trustCredentials }),
    cluster: { authorization: USER },
  });
  await world.clock.advanceUntil(() => told !== "", 5 * SECOND);
  return told;
}

test("an address that was found is sent no password, unless that is allowed", async (t) => {
  assert.doesNotMatch(await toldTo(t, "registry://one", false), /secret|ruth/);
  assert.match(
    await toldTo(t, "registry://one", true),
    /^CONNECT .*"user":"ruth","pass":"secret"/,
  );
});

test("an address that is configured to be asked gets its own credentials, or the cluster's", async (t) => {
  const own = await toldTo(
    t,
    `nats-route://a:b@${ONE}:6222,registry://one`,
    false,
  );
  assert.match(own, /^CONNECT .*"user":"a","pass":"b"/);
  const token = await toldTo(
    t,
    `nats-route://tok@${ONE}:6222,registry://one`,
    true,
  );
  assert.match(token, /^CONNECT .*"auth_token":"tok"/);
  const shared = await toldTo(
    t,
    `nats-route://${ONE}:6222,registry://one`,
    false,
  );
  assert.match(shared, /^CONNECT .*"user":"ruth","pass":"secret"/);
});

test("a cluster with authorization finds its nodes if they may tell the password", async (t) => {
  const { world, start } = worldOf(t);
  const discovery = { ...BOTH, trustCredentials: true };
  const servers = [];
  for (const machine of [ONE, TWO, THREE]) {
    const cluster = { authorization: USER };
    servers.push(await start(machine, { discovery, cluster }));
  }
  await world.meshed(servers, 5 * SECOND);
});
