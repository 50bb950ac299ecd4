/** What a new consumer pushes, beside the answer that tells of the consumer. */
import assert from "node:assert/strict";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import type { Network } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

/** The network of the machine; what accepted sockets write is noted, write by write. */
function noting(writes: string[]): Network {
  const { network } = platform;
  return {
    dial: (to, options) => network.dial(to, options),
    lookup: (host) => network.lookup(host),
    listen: (at, options, onSocket) =>
      network.listen(at, options, (socket) => {
        const write = socket.write.bind(socket);
        socket.write = (bytes) => {
          writes.push(Buffer.from(bytes).toString("latin1"));
          return write(bytes);
        };
        onSocket(socket);
      }),
  };
}

// A client that reads both at once may see to the messages first, and end what it
// waits for: nats.go does when a callback ends the context of its subscription.
for (const storage of ["memory", "file"]) {
  test(`the answer of a new consumer is a write before its first message, ${storage}`, async (t) => {
    const writes: string[] = [];
    const storeDir = temporaryFolder(t);
    const { port } = await startMidge(t, {
      jetstream: { ...defaultJetStreamOptions(), storeDir },
    }, { network: noting(writes) });
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake();
    const ask = (subject: string, body: object): void => {
      const text = JSON.stringify(body);
      peer.send(`PUB $JS.API.${subject} told ${text.length}\r\n${text}\r\n`);
    };
    peer.send("SUB told 1\r\nSUB pushed 2\r\n");
    ask("STREAM.CREATE.S", { name: "S", subjects: ["s"], storage });
    await peer.expect("stream_create_response");
    peer.send("PUB s told 1\r\na\r\nPUB s told 1\r\nb\r\n");
    await peer.expect('"seq":2');
    ask("CONSUMER.CREATE.S", {
      stream_name: "S",
      config: { deliver_subject: "pushed", ack_policy: "none" },
    });
    await peer.expect("MSG s 2 ");
    const answered = writes.findIndex((text) =>
      text.includes("consumer_create_response")
    );
    const pushed = writes.findIndex((text) => text.includes("MSG s 2 "));
    assert.ok(answered >= 0 && answered < pushed, `${answered}, ${pushed}`);
  });
}
