/** Sockets around others pass on all that their owner says. */
import assert from "node:assert/strict";
import { SocketAround } from "../../src/net/socket_around.ts";
import type { Socket, TlsUpgrade } from "../../src/platform/socket.ts";
import { test } from "../support/test.ts";

test("a socket around another one passes everything on", async () => {
  const calls: unknown[][] = [];
  const facts = {
    remote: { host: "a", port: 1 },
    local: { host: "b", port: 2 },
    tls: { version: "1.3" },
    pendingBytes: 3,
  };
  const inner = new Proxy(facts, {
    get: (target, name) =>
      Reflect.get(target, name) ??
        ((...words: unknown[]) => {
          calls.push([name, ...words]);
          return name === "secure" ? Promise.resolve() : true;
        }),
  }) as unknown as Socket;
  const around = new SocketAround(inner);
  const { remote, local, pendingBytes, tls } = around;
  assert.deepEqual({ remote, local, tls, pendingBytes }, facts);
  const events = { onData() {}, onDrain() {}, onClose() {} };
  const upgrade = {} as TlsUpgrade;
  const bytes = new Uint8Array(1);
  around.open(events);
  assert.equal(around.write(bytes), true);
  around.pause();
  around.resume();
  assert.equal(around.keepChunk(), true);
  await around.secure(upgrade, bytes);
  around.end("why");
  around.destroy();
  assert.deepEqual(calls, [
    ["open", events],
    ["write", bytes],
    ["pause"],
    ["resume"],
    ["keepChunk"],
    ["secure", upgrade, bytes],
    ["end", "why"],
    ["destroy"],
  ]);
});
