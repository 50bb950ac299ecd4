/** A listener that never accepts anything: the test's other process. */
import { writeSync } from "node:fs";
import { platform } from "../../src/runtime/mod.ts";

const at = { host: "127.0.0.1", port: 0 };
const listener = await platform.network.listen(at, {}, (socket) => {
  socket.open({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
  socket.destroy();
});
writeSync(1, `port ${listener.address.port}\n`);
// Nothing runs while this waits.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
