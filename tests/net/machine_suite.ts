/** What a network of the machine must do: the suite of all networks, and more. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import process from "node:process";
import type { Address, Network } from "../../src/platform/socket.ts";
import { test } from "../support/test.ts";
import { silentAddress } from "./silent_address.ts";
import { describeNetwork } from "./suite.ts";
import { describeUnixSockets } from "./unix_suite.ts";

/** Whether Midge opens unix sockets by this network where the test runs. */
export interface MachineTraits {
  readonly hasUnixSockets: boolean;
}

export function describeMachineNetwork(
  name: string,
  network: Network,
  { hasUnixSockets }: MachineTraits,
): void {
  describeNetwork(name, (t) => ({
    network,
    silentAddress: () => silentAddress(t),
    dialAndReset,
  }));
  if (hasUnixSockets && process.platform !== "win32") {
    describeUnixSockets(name, network);
  }

  test(`${name}: a listener on all addresses answers on IPv6 too, where there is any`, async (t) => {
    const hosts: string[] = [];
    const at = { host: "0.0.0.0", port: 0 };
    const listener = await network.listen(at, {}, (socket) => {
      hosts.push(socket.remote.host);
      socket.destroy();
    });
    t.after(() => listener.close());
    assert.equal(listener.address.host, "0.0.0.0");
    const { port } = listener.address;
    for (const host of ["127.0.0.1", "::1"]) {
      const socket = await network.dial({ host, port });
      await new Promise((resolve) => {
        socket.open({ onData: () => {}, onDrain: () => {}, onClose: resolve });
      });
    }
    assert.deepEqual(hosts, ["127.0.0.1", "::1"]);
  });

  test(`${name}: a limit that no timer can hold is not one of a millisecond`, async (t) => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", note);
    t.after(() => process.off("warning", note));
    const at = { host: "127.0.0.1", port: 0 };
    const listener = await network.listen(at, {}, (socket) => socket.destroy());
    t.after(() => listener.close());
    const socket = await network.dial(listener.address, { timeoutMs: 1e12 });
    const closed = Promise.withResolvers<unknown>();
    const onClose = closed.resolve;
    socket.open({ onData: () => {}, onDrain: () => {}, onClose });
    await closed.promise;
    assert.deepEqual(warnings, []);
  });
}

function dialAndReset(to: Address): Promise<void> {
  return new Promise((resolve) => {
    const raw = connect(to.port, to.host, () => raw.resetAndDestroy());
    raw.on("close", () => resolve());
  });
}
