/** WebSockets in a cluster of Midge and nats-server: who is told of which addresses. */
import assert from "node:assert/strict";
import { defaultWebSocketOptions } from "../../src/options/options.ts";
import {
  connectWebSocketPeer,
  type WebSocketPeer,
} from "../broker/websocket_peer.ts";
import { parseInfo } from "../routes/route_peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { natsPrograms } from "./mesh_servers.ts";
import { DIRECTIONS, startPair } from "./mesh_stage.ts";

for (const program of natsPrograms) {
  for (const direction of DIRECTIONS) {
    test(
      `clients by WebSocket are told of both servers, Midge and ${program.title}, ${direction}`,
      { skip: program.missing },
      async (t) => {
        const { midge, nats } = await startPair(t, program, direction, {
          websocket: {
            ...defaultWebSocketOptions(),
            host: "127.0.0.1",
            noTls: true,
          },
        }, {
          more: 'websocket { listen: "127.0.0.1:-1", no_tls: true }',
        });
        const [, port = ""] = await nats.process.waitFor(
          /Listening for websocket clients on ws:\/\/127\.0\.0\.1:(\d+)/,
        );
        const ports = [midge.server.websocketAddress!.port, Number(port)];
        const all = ports.map((port) => `127.0.0.1:${port}`).sort();
        const [ours, theirs] = await Promise.all(
          ports.map((port) => connectTold(t, port, all)),
        );
        ours!.send("SUB x 1\r\nPING\r\n");
        await ours!.expect("PONG\r\n");
        // Nothing says when nats-server knows of the interest.
        let heard = false;
        const told = ours!.expect("MSG x 1 2\r\nhi\r\n").then(() =>
          heard = true
        );
        while (!heard) {
          theirs!.send("PUB x 2\r\nhi\r\nPING\r\n");
          await theirs!.expect("PONG\r\n");
        }
        await told;
        await nats.process.stop();
        const [left = ""] = /INFO .*\r\n$/.exec(
          await ours!.expect(/INFO .*\r\n/),
        ) ?? [];
        assert.deepEqual(parseInfo(left).connect_urls, [
          `127.0.0.1:${ports[0]}`,
        ]);
      },
    );
  }
}

/** A client whose server knows `all` addresses by now, its own first. */
async function connectTold(
  t: TestContext,
  port: number,
  all: readonly string[],
): Promise<WebSocketPeer> {
  for (;;) {
    const peer = await connectWebSocketPeer(t, port);
    const urls = parseInfo(await peer.expect("\r\n")).connect_urls;
    if (Array.isArray(urls) && urls.length === all.length) {
      assert.equal(urls[0], `127.0.0.1:${port}`);
      assert.deepEqual([...urls].sort(), all);
      peer.send('CONNECT {"verbose":false,"protocol":1}\r\nPING\r\n');
      await peer.expect(/PONG\r\n(?:INFO .*\r\n)?/);
      return peer;
    }
    // It has not registered the route yet.
    await peer.raw.close();
  }
}
