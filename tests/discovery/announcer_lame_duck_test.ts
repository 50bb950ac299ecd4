/** A server in lame duck mode, and what its registries hear of it. */
import assert from "node:assert/strict";
import { Mute, type Simulation } from "../routes/simulation.ts";
import { test } from "../support/test.ts";
import { MINUTE, ONE, SECOND, worldOf } from "./announcer_scene.ts";

test("in lame duck mode the registry hears of it before the clients do", async (t) => {
  const { world, directory, start } = worldOf(t);
  const midge = await start(ONE);
  const socket = await dial(world, ONE);
  const client = new Mute(socket);
  client.say('CONNECT {"protocol":1}\r\nPING\r\n');
  await world.clock.advanceUntil(() => client.received.includes("PONG"));
  // The registry takes a second to answer.
  directory.isMute = true;
  const left = midge.server.lameDuck();
  await world.clock.advance(SECOND);
  assert.deepEqual(directory.done, [`register ${ONE}`, `close ${ONE}`]);
  assert.doesNotMatch(client.received, /"ldm":true/);
  assert.equal(midge.server.leaving, true);
  await world.clock.advance(1.1 * SECOND);
  assert.match(client.received, /"ldm":true/);
  await world.clock.advance(3 * MINUTE);
  await left;
  assert.equal(client.ended, true);
  assert.equal(directory.done.length, 2);
});

test("a second call of lame duck mode waits for the same end", async (t) => {
  const { world, start } = worldOf(t);
  const midge = await start(ONE);
  const first = midge.server.enterLameDuck();
  assert.equal(midge.server.enterLameDuck(), first);
  await world.clock.advance(SECOND);
  await first;
});

async function dial(
  world: Simulation,
  machine: string,
): Promise<ConstructorParameters<typeof Mute>[0]> {
  const dialling = world.network.on("10.0.0.9")
    .dial({ host: machine, port: 4222 });
  await world.clock.advance(SECOND);
  return await dialling;
}
