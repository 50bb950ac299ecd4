/** What our tests say of requests to a WebSocket port is what nats-server answers. */
import assert from "node:assert/strict";
import { byteString } from "../../src/core/ascii.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { test } from "../support/test.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import {
  EXTRA_HEADERS,
  HANDSHAKE_CASES,
  type HandshakeCase,
} from "../websocket/handshake_cases.ts";

const CONFIG = `websocket {
  listen: "127.0.0.1:-1", no_tls: true, compression: true
  headers: { ${EXTRA_HEADERS.map(([name, value]) => `${name}: "${value}"`)} }
}`;
const DATE = /[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g;

test("a WebSocket port of nats-server answers as we say", {
  skip: modelMissing,
}, async (t) => {
  const server = await startNatsServer({
    config: CONFIG,
    command: newestNatsServer,
  });
  t.after(() => server.stop());
  const [, port] = await server.process.waitFor(
    /Listening for websocket clients on ws:\/\/\S+:(\d+)/,
  );
  for (const one of HANDSHAKE_CASES) {
    const { said, hungUp } = await answerTo(Number(port), one);
    assert.equal(inOurOrder(said), one.answer, one.title);
    assert.equal(hungUp, one.hangsUp, one.title);
    if (one.log === undefined) continue;
    await server.process.waitFor(`websocket handshake error: ${one.log}`);
  }
});

/** Go gives the headers of a configuration in an order of chance. */
function inOurOrder(answer: string): string {
  const lines = EXTRA_HEADERS.map(([name, value]) => `${name}: ${value}\r\n`);
  const [first = ""] = lines.toSorted((a, b) =>
    answer.indexOf(a) - answer.indexOf(b)
  );
  const at = answer.indexOf(first);
  if (at === -1) return answer;
  const rest = lines.reduce((left, line) => left.replace(line, ""), answer);
  return rest.slice(0, at) + lines.join("") + rest.slice(at);
}

/** What the server says, up to its first frame, and whether it hangs up then. */
async function answerTo(
  port: number,
  { request, answer, hangsUp }: HandshakeCase,
): Promise<{ readonly said: string; readonly hungUp: boolean }> {
  const socket = await nodeNetwork.dial({ host: "127.0.0.1", port });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let said = "";
  socket.open({
    onData: (chunk) => {
      said += byteString(chunk);
      const isAll = said.replaceAll(DATE, "DATE").length >= answer.length;
      if (isAll && !hangsUp) resolve(false);
    },
    onDrain: () => {},
    onClose: () => resolve(true),
  });
  socket.write(asciiBytes(request));
  const hungUp = await promise;
  socket.destroy();
  // Behind a 101 stands INFO, in a frame.
  const plain = said.replace(/[\x82\xc2][^]*$/, "").replaceAll(DATE, "DATE");
  return { said: plain, hungUp };
}
