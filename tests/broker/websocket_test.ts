/**
 * Clients that come by WebSocket: their INFO, their logins, what cookies say,
 * limits, and what others are told of them. Handshake and frames by themselves
 * are in `tests/websocket/`.
 */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import {
  defaultAuthorizationOptions,
  defaultWebSocketOptions,
  type UserOptions,
  type WebSocketOptions,
} from "../../src/options/options.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { Chain, keyOf, signNonce } from "../auth/jwt/chain.ts";
import { JWTS, KEYS } from "../auth/jwt/example.ts";
import { frame } from "../websocket/frame_bytes.ts";
import {
  askForWebSocket,
  connectWebSocketPeer,
  type WebSocketPeer,
} from "./websocket_peer.ts";

const USERS: UserOptions[] = [
  { user: "any", password: "pw" },
  { user: "web", password: "pw", connectionTypes: ["WEBSOCKET"] },
  { user: "tcp", password: "pw", connectionTypes: ["STANDARD"] },
];
const LOGINS = { ...defaultAuthorizationOptions(), users: USERS };
const VIOLATION = "-ERR 'Authorization Violation'\r\n";
const REFUSED = "1008 Authentication Failure";

interface WebServer extends TestServer {
  readonly webPort: number;
}

async function startWeb(
  t: TestContext,
  websocket: Partial<WebSocketOptions> = {},
  options: TestOptions = {},
): Promise<WebServer> {
  const server = await startMidge(t, {
    ...options,
    websocket: {
      ...defaultWebSocketOptions(),
      host: "127.0.0.1",
      noTls: true,
      ...websocket,
    },
  });
  return { ...server, webPort: server.server.websocketAddress!.port };
}

async function refusal(peer: WebSocketPeer, connect: object): Promise<string> {
  await peer.expect("\r\n");
  peer.send(`CONNECT ${JSON.stringify({ verbose: false, ...connect })}\r\n`);
  await peer.expect(VIOLATION);
  return await peer.closed();
}

test("a client by WebSocket and one by TCP hear each other", async (t) => {
  const { port, webPort, server, log } = await startWeb(t);
  const web = await connectWebSocketPeer(t, webPort);
  const info = await web.login({ name: "page" });
  assert.match(info, new RegExp(`"host":"127.0.0.1","port":${webPort},`));
  web.send("SUB to.web 1\r\nPI", "NG\r\n");
  await web.expect("PONG\r\n");
  const tcp = await connectPeer({ port });
  t.after(() => tcp.close());
  await tcp.handshake();
  tcp.send("SUB to.tcp 1\r\nPUB to.web 2\r\nhi\r\nPING\r\n");
  await tcp.expect("PONG\r\n");
  await web.expect("MSG to.web 1 2\r\nhi\r\n");
  web.send("PUB to.tcp 3\r\nyou\r\n");
  await tcp.expect("MSG to.tcp 1 3\r\nyou\r\n");
  const { connections } = server.connz();
  assert.deepEqual(
    connections.map(({ kind, type, name }) => [kind, type, name]),
    [["Client", "websocket", "page"], ["Client", "nats", undefined]],
  );
  assert.equal(server.websocketUrl, `ws://127.0.0.1:${webPort}`);
  assert.ok(log.lines.some((line) => line.includes(" - wid:1 - ")));
});

test("the log says where WebSockets are listened for, before it says where clients are", async (t) => {
  const { log, webPort, port } = await startWeb(t);
  const at = log.lines.indexOf(
    `INF Listening for websocket clients on ws://127.0.0.1:${webPort}`,
  );
  assert.ok(at > 0);
  assert.deepEqual(log.lines.slice(at + 1, at + 3), [
    "WRN Websocket not configured with TLS. DO NOT USE IN PRODUCTION!",
    `INF Listening for client connections on 127.0.0.1:${port}`,
  ]);
});

test("a server may have WebSockets alone", async (t) => {
  const { webPort, server } = await startWeb(t, {}, { dontListen: true });
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  assert.equal(server.address, undefined);
});

test("connection types tell WebSockets from TCP", async (t) => {
  const { port, webPort } = await startWeb(t, {}, { authorization: LOGINS });
  for (const user of ["any", "web"]) {
    const web = await connectWebSocketPeer(t, webPort);
    await web.login({ user, pass: "pw" });
  }
  const refused = await connectWebSocketPeer(t, webPort);
  assert.equal(await refusal(refused, { user: "tcp", pass: "pw" }), REFUSED);
  const tcp = await connectPeer({ port });
  t.after(() => tcp.close());
  await tcp.expect("\r\n");
  tcp.send('CONNECT {"user":"web","pass":"pw"}\r\n');
  await tcp.expect(VIOLATION);
});

test("the block's own user is in place of the server's, for WebSockets alone", async (t) => {
  const { port, webPort } = await startWeb(t, {
    authorization: {
      user: "page",
      password: "x",
      token: "",
      timeoutMs: undefined,
    },
  }, {
    authorization: {
      ...defaultAuthorizationOptions(),
      user: "main",
      password: "y",
    },
  });
  const web = await connectWebSocketPeer(t, webPort);
  await web.login({ user: "page", pass: "x" });
  const other = await connectWebSocketPeer(t, webPort);
  assert.equal(await refusal(other, { user: "main", pass: "y" }), REFUSED);
  const tcp = await connectPeer({ port });
  t.after(() => tcp.close());
  await tcp.expect("\r\n");
  tcp.send('CONNECT {"user":"main","pass":"y","verbose":false}\r\nPING\r\n');
  await tcp.expect("PONG\r\n");
});

test("the block's own token is asked for where the server is open", async (t) => {
  const { webPort, port } = await startWeb(t, {
    authorization: {
      user: "",
      password: "",
      token: "t0k",
      timeoutMs: undefined,
    },
  });
  const web = await connectWebSocketPeer(t, webPort);
  const greeting = await web.expect("\r\n");
  assert.match(greeting, /"auth_required":true/);
  web.send('CONNECT {"auth_token":"t0k","verbose":false}\r\nPING\r\n');
  await web.expect("PONG\r\n");
  const other = await connectWebSocketPeer(t, webPort);
  assert.equal(await refusal(other, {}), REFUSED);
  const tcp = await connectPeer({ port });
  t.after(() => tcp.close());
  assert.doesNotMatch(await tcp.expect("\r\n"), /auth_required/);
});

test("no_auth_user is who brings nothing, also before CONNECT, and not by TCP", async (t) => {
  const { webPort, port, server } = await startWeb(t, { noAuthUser: "web" }, {
    authorization: LOGINS,
  });
  const web = await connectWebSocketPeer(t, webPort);
  assert.match(await web.expect("\r\n"), /"auth_required":true/);
  web.send("SUB x 1\r\nPUB x 2\r\nhi\r\n");
  await web.expect("MSG x 1 2\r\nhi\r\n");
  assert.equal(
    server.connz({ auth: true }).connections[0]!.authorized_user,
    "web",
  );
  const tcp = await connectPeer({ port });
  t.after(() => tcp.close());
  await tcp.expect("\r\n");
  tcp.send("PING\r\n");
  await tcp.expect(VIOLATION);
});

test("cookies say what CONNECT does not", async (t) => {
  const { webPort } = await startWeb(t, {
    userCookie: "u",
    passCookie: "p",
  }, { authorization: LOGINS });
  const login = async (cookie: string, fields: object): Promise<string> => {
    const headers = cookie === "" ? "" : `Cookie: ${cookie}\r\n`;
    const web = await connectWebSocketPeer(t, webPort, { headers });
    await web.expect("\r\n");
    web.send(
      `CONNECT ${JSON.stringify({ verbose: false, ...fields })}\r\nPING\r\n`,
    );
    return await web.expect(/PONG\r\n|-ERR .*\r\n/);
  };
  assert.equal(await login("u=web; p=pw", {}), "PONG\r\n");
  assert.equal(await login("a=b; p=pw", { user: "any" }), "PONG\r\n");
  assert.equal(await login("u=web; p=wrong", {}), VIOLATION);
  assert.equal(await login("u=web; p=wrong", { pass: "pw" }), "PONG\r\n");
  assert.equal(await login("u=web", {}), VIOLATION);
  assert.equal(await login("", {}), VIOLATION);
});

test("a token may come as a cookie", async (t) => {
  const { webPort } = await startWeb(t, { tokenCookie: "t" }, {
    authorization: { ...defaultAuthorizationOptions(), token: "s3cret" },
  });
  const web = await connectWebSocketPeer(t, webPort, {
    headers: "Cookie: t=s3cret\r\n",
  });
  await web.login();
});

test("a user's JWT may come as a cookie, and the nonce is signed all the same", async (t) => {
  const { webPort } = await startWeb(t, { jwtCookie: "j" }, {
    trust: new Chain().trust([[KEYS.account.key, JWTS.acc]], {
      operators: [JWTS.op],
    }),
  });
  const headers = `Cookie: j=${JWTS.alice}\r\n`;
  const web = await connectWebSocketPeer(t, webPort, { headers });
  const { nonce } = JSON.parse((await web.expect("\r\n")).slice(5));
  const sig = signNonce(keyOf(KEYS.user.seed), nonce);
  const connect = { sig, verbose: false, protocol: 1 };
  web.send(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
  await web.expect("PONG\r\n");
  const other = await connectWebSocketPeer(t, webPort, { headers });
  assert.equal(await refusal(other, {}), REFUSED);
});

test("a login has its own time, or the server's", async (t) => {
  const authorization = { ...LOGINS, timeoutMs: 60_000 };
  const own = await startWeb(t, {
    authorization: { user: "", password: "", token: "", timeoutMs: 50 },
  }, { authorization });
  const web = await connectWebSocketPeer(t, own.webPort);
  await web.expect("-ERR 'Authentication Timeout'\r\n");
  assert.equal(await web.closed(), "1008 Authentication Timeout");
  const short = await startWeb(t, {}, {
    authorization: { ...LOGINS, timeoutMs: 50 },
  });
  const other = await connectWebSocketPeer(t, short.webPort);
  await other.expect("-ERR 'Authentication Timeout'\r\n");
});

test("PINGs have their own interval", async (t) => {
  const { webPort } = await startWeb(t, { pingIntervalMs: 50 });
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  await web.expect("PING\r\n");
  web.send("PONG\r\n");
  await web.expect("PING\r\n");
});

test("a full server grants the WebSocket, and says why it ends", async (t) => {
  const { webPort, server } = await startWeb(t, {}, { maxConnections: 1 });
  const first = await connectWebSocketPeer(t, webPort);
  await first.login();
  const second = await connectWebSocketPeer(t, webPort);
  await second.expect("-ERR 'maximum connections exceeded'\r\n");
  assert.equal(await second.closed(), "1008 Maximum Connections Exceeded");
  const [gone] = server.connz({ state: "closed" }).connections;
  assert.equal(gone!.reason, ClosedReason.MAX_CONNECTIONS);
});

test("limits of the protocol hold before a login", async (t) => {
  const { webPort } = await startWeb(t, {}, { authorization: LOGINS });
  const long = await connectWebSocketPeer(t, webPort);
  await long.expect("\r\n");
  long.send(`CONNECT {"user":"${"x".repeat(5000)}`);
  await long.expect("-ERR 'maximum control line exceeded'\r\n");
  assert.equal(await long.closed(), "1008 Maximum Control Line Exceeded");
  const stranger = await connectWebSocketPeer(t, webPort);
  await stranger.expect("\r\n");
  stranger.send("PING\r\n");
  await stranger.expect(VIOLATION);
  assert.equal(await stranger.closed(), REFUSED);
});

test("a payload that is too large ends it by its status", async (t) => {
  const { webPort } = await startWeb(t, {}, { maxPayloadBytes: 10 });
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  web.send("PUB x 11\r\n");
  await web.expect("-ERR 'Maximum Payload Violation'\r\n");
  assert.equal(await web.closed(), "1009 Maximum Message Payload Exceeded");
});

test("a reader that leaves too much unread is a slow consumer", async (t) => {
  const { webPort, port, server } = await startWeb(t, {}, {
    maxPayloadBytes: 1024 * 1024,
    maxPendingBytes: 1024 * 1024,
  });
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  web.send("SUB big 1\r\nPING\r\n");
  await web.expect("PONG\r\n");
  web.raw.pause();
  const tcp = await connectPeer({ port });
  t.after(() => tcp.close());
  await tcp.handshake();
  const message = `PUB big 500000\r\n${"x".repeat(500_000)}\r\n`;
  for (let i = 0; i < 64; i++) tcp.send(message);
  await until(
    "the slow consumer is gone",
    () =>
      server.connz({ state: "closed" }).connections
        .some(({ reason }) => reason === ClosedReason.SLOW_CONSUMER_PENDING),
  );
});

test("the address that a proxy names is in the log", async (t) => {
  const { webPort, log } = await startWeb(t);
  const web = await connectWebSocketPeer(t, webPort, {
    headers: "X-Forwarded-For: 10.1.2.3\r\n",
  });
  assert.match(await web.login(), /"client_ip":"127.0.0.1"/);
  const label = / 10\.1\.2\.3\/127\.0\.0\.1:\d+ - wid:\d+ - /;
  assert.ok(log.lines.some((line) => label.test(line)));
});

test("a request that is refused is logged, and costs no client", async (t) => {
  const { webPort, log, server } = await startWeb(t, {
    allowedOrigins: ["https://shop.example"],
  });
  const { answer } = await askForWebSocket(t, webPort, {
    headers: "Origin: https://evil.example\r\n",
  });
  assert.match(answer, /^HTTP\/1\.1 403 /);
  assert.equal(server.varz().total_connections, 0);
  const line =
    /^ERR 127\.0\.0\.1:\d+ - websocket handshake error: origin not allowed: not in the allowed list$/;
  assert.ok(log.lines.some((text) => line.test(text)));
  const { answer: granted } = await askForWebSocket(t, webPort, {
    headers: "Origin: https://shop.example\r\n",
  });
  assert.match(granted, /^HTTP\/1\.1 101 /);
});

test("who asks for a leaf node is let go of", async (t) => {
  const { webPort, log } = await startWeb(t);
  const { answer, peer } = await askForWebSocket(t, webPort, {
    path: "/leafnode",
  });
  assert.match(answer, /^HTTP\/1\.1 101 /);
  await peer.raw.expectClosed();
  assert.ok(
    log.lines.includes("ERR Not configured to accept leaf node connections"),
  );
});

test("headers of the configuration are in the answer", async (t) => {
  const { webPort } = await startWeb(t, { headers: { "X-Node": "a1" } });
  const { answer } = await askForWebSocket(t, webPort);
  assert.match(answer, /\r\nX-Node: a1\r\n\r\n$/);
});

test("a server that stops says so, and leaves no request behind", async (t) => {
  const { webPort, server } = await startWeb(t);
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  const asking = await connectPeer({ port: webPort });
  t.after(() => asking.close());
  asking.send("GET / HTTP/1.1\r\n");
  await server.stop();
  assert.equal(await web.closed(), "1001 Server Shutdown");
  await asking.expectClosed();
  assert.equal(server.websocketAddress, undefined);
});

test("a lame duck lets clients by WebSocket go, too", async (t) => {
  const { webPort, server } = await startWeb(t, {}, {
    lameDuckDurationMs: 50,
    lameDuckGraceMs: 10,
  });
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  const left = server.lameDuck();
  await web.expect(/"ldm":true/);
  assert.equal(await web.closed(), "1001 Server Shutdown");
  await left;
});

test("a frame that breaks a rule is told to the peer, the log and monitoring", async (t) => {
  const { webPort, server, log } = await startWeb(t);
  const web = await connectWebSocketPeer(t, webPort);
  await web.login();
  web.raw.send(frame(3, "x"));
  assert.equal(await web.closed(), "1002 unknown opcode 3");
  const [gone] = server.connz({ state: "closed" }).connections;
  assert.equal(gone?.reason, "Read Error");
  assert.ok(
    log.lines.some((line) =>
      line.endsWith(" - wid:1 - read error: unknown opcode 3")
    ),
  );
});

test("/varz has what the block says", async (t) => {
  const { server, webPort } = await startWeb(t, {
    advertise: "web.example:443",
    noAuthUser: "any",
    sameOrigin: true,
    allowedOrigins: ["http://a.example"],
    compression: true,
    handshakeTimeoutMs: 3000,
    authorization: { user: "", password: "", token: "", timeoutMs: 4000 },
  }, { authorization: LOGINS });
  assert.deepEqual(JSON.parse(JSON.stringify(server.varz().websocket)), {
    host: "127.0.0.1",
    port: webPort,
    advertise: "web.example:443",
    no_auth_user: "any",
    handshake_timeout: 3_000_000_000,
    auth_timeout: 4,
    no_tls: true,
    same_origin: true,
    allowed_origins: ["http://a.example"],
    compression: true,
  });
  const plain = await startMidge(t);
  assert.deepEqual(plain.server.varz().websocket, {});
});
