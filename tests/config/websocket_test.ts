/** The `websocket` block: what it becomes, and what is wrong with it, in nats-server's words. */
import assert from "node:assert/strict";
import {
  defaultWebSocketOptions,
  type WebSocketOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf } from "./reading.ts";

const ON = "port: 8080, no_tls: true";

const READ: readonly (readonly [
  text: string,
  options: Partial<WebSocketOptions>,
])[] = [
  [ON, {}],
  ["port: -1, no_tls: true", { port: 0 }],
  ['listen: "localhost:8080", no_tls: true', { host: "localhost" }],
  ["listen: 8080, no_tls: true", {}],
  [`${ON}, net: "::1"`, { host: "::1" }],
  [`${ON}, advertise: "web.example"`, { advertise: "web.example" }],
  [`${ON}, same_origin: true`, { sameOrigin: true }],
  ...[
    "allowed_origins",
    "allowed_origin",
    "allow_origins",
    "allow_origin",
    "origins",
    "origin",
  ].map((key): [string, Partial<WebSocketOptions>] => [
    `${ON}, ${key}: "http://a.example"`,
    { allowedOrigins: ["http://a.example"] },
  ]),
  [`${ON}, origins: ["https://*.a.example", "HTTP://[::1]:80/x?y#z"]`, {
    allowedOrigins: ["https://*.a.example", "HTTP://[::1]:80/x?y#z"],
  }],
  [`${ON}, origins: []`, {}],
  [`${ON}, compress: true`, { compression: true }],
  [`${ON}, compression: true`, { compression: true }],
  [`${ON}, handshake_timeout: 3`, { handshakeTimeoutMs: 3000 }],
  [`${ON}, handshake_timeout: "1m"`, { handshakeTimeoutMs: 60_000 }],
  [`${ON}, handshake_timeout: -1`, {}],
  [`${ON}, ping_interval: "30s"`, { pingIntervalMs: 30_000 }],
  [`${ON}, authorization { user: a, pass: b, timeout: 0.5 }`, {
    authorization: { user: "a", password: "b", token: "", timeoutMs: 500 },
  }],
  [`${ON}, authentication { token: t }`, {
    authorization: { user: "", password: "", token: "t", timeoutMs: undefined },
  }],
  [`${ON}, user_cookie: u, pass_cookie: p, token_cookie: t`, {
    userCookie: "u",
    passCookie: "p",
    tokenCookie: "t",
  }],
  [`${ON}, headers { X-Node: a, "Date": "" }`, {
    headers: { "X-Node": "a", Date: "" },
  }],
];

for (const [text, options] of READ) {
  test(`websocket { ${text} } is read`, () => {
    assert.deepEqual(optionsOf(`websocket { ${text} }`).websocket, {
      ...defaultWebSocketOptions(),
      port: 8080,
      noTls: true,
      ...options,
    });
  });
}

for (const text of ["", "port: 0", "no_tls: true", "port: 0, origins: [foo]"]) {
  test(`websocket { ${text} } asks for no port`, () => {
    assert.equal(optionsOf(`websocket { ${text} }`).websocket, undefined);
  });
}

test("the block goes by its short name, too", () => {
  assert.equal(optionsOf(`ws { ${ON} }`).websocket?.port, 8080);
});

const ORIGIN = "unable to parse allowed origin";
const NO_SCHEME =
  "allowed origins must be absolute URLs with http or https scheme";

/** nats-server 2.15.3 says the same of each. */
const WRONG: readonly (readonly [text: string, error: string])[] = [
  ["port: 8080", "websocket requires TLS configuration"],
  [`${ON}, foo: 1`, 'unknown field "foo"'],
  [`${ON}, authorization { users: [] }`, 'unknown field "users"'],
  [`${ON}, authorization { nkey: x }`, 'unknown field "nkey"'],
  ['no_tls: true, listen: "a:b:c"', 'could not parse address string "a:b:c"'],
  [
    `${ON}, origins: 5`,
    "error parsing allowed origins: unsupported type int64",
  ],
  [`${ON}, origins: "foo"`, `${ORIGIN}: parse "foo": invalid URI for request`],
  [`${ON}, origins: ""`, `${ORIGIN}: parse "": empty url`],
  [`${ON}, origins: ["ftp://x"]`, `${ORIGIN} "ftp://x": ${NO_SCHEME}`],
  [`${ON}, origins: ["/abs"]`, `${ORIGIN} "/abs": ${NO_SCHEME}`],
  [`${ON}, origins: ["//host/x"]`, `${ORIGIN} "//host/x": ${NO_SCHEME}`],
  [`${ON}, origins: ["*"]`, `${ORIGIN} "*": ${NO_SCHEME}`],
  [`${ON}, origins: ["http://"]`, `${ORIGIN} "http://": host is required`],
  [`${ON}, origins: ["http:a"]`, `${ORIGIN} "http:a": host is required`],
  [
    `${ON}, origins: ["http://a b"]`,
    `${ORIGIN}: parse "http://a b": invalid character " " in host name`,
  ],
  [
    `${ON}, origins: ["http://a:x"]`,
    `${ORIGIN}: parse "http://a:x": invalid port ":x" after host`,
  ],
  [
    `${ON}, origins: ["https://%zz"]`,
    `${ORIGIN}: parse "https://%zz": invalid URL escape "%zz"`,
  ],
  [
    `${ON}, handshake_timeout: true`,
    "error parsing handshake timeout: unsupported type bool",
  ],
  [
    `${ON}, handshake_timeout: 1.5`,
    "error parsing handshake timeout: unsupported type float64",
  ],
  [`${ON}, handshake_timeout: "zz"`, 'time: invalid duration "zz"'],
  [
    `${ON}, ping_interval: x`,
    'error parsing ping_interval: time: invalid duration "x"',
  ],
  [
    `${ON}, jwt_cookie: x`,
    "trusted operators or trusted keys configuration is required for JWT " +
    'authentication via cookie "x"',
  ],
  [
    `${ON}, no_auth_user: x`,
    'no_auth_user: "x" present, but users/nkeys are not defined',
  ],
  [`${ON}, headers: 5`, "error parsing headers: unsupported type int64"],
  [
    `${ON}, headers { X: 5 }`,
    "error parsing header key X: unsupported type int64",
  ],
  ...["Host", "Upgrade", "connection", "Content-Length", "Nats-No-Masking"].map(
    (name) =>
      [
        `${ON}, headers { "${name}": x }`,
        `websocket: invalid header "${name}" not allowed`,
      ] as const,
  ),
  [
    `${ON}, headers { "sec-websocket-foo": x }`,
    'websocket: invalid header "sec-websocket-foo", "Sec-WebSocket-" prefix ' +
    "not allowed",
  ],
];

for (const [text, error] of WRONG) {
  test(`websocket { ${text} } is refused: ${error}`, () => {
    const errors = errorsOf(() => optionsOf(`websocket { ${text} }`));
    assert.deepEqual(errors.map((line) => line.replace(/^\d+:\d+: /, "")), [
      error,
    ]);
  });
}

/** Errors of Midge's own, with their places. */
const PLACED: readonly (readonly [text: string, ...errors: string[]])[] = [
  ["websocket: 8080", "1:1: Expected websocket to be a map, got int64"],
  [
    "port: 4222\nwebsocket {\n  port: 8080\n}",
    "2:11: websocket requires TLS configuration",
  ],
  [
    "websocket {\n  port: x\n  no_tls: 1\n  authorization: x\n}",
    "2:3: port must be an integer, got a string",
    "3:3: no_tls must be a boolean, got an integer",
    "4:3: Expected map to define authorization, got string",
  ],
  [
    `websocket { ${ON}\n  headers { "X y": a, X: "a\\nb" } }`,
    "2:14: error parsing header key X y: no name of a header",
    "2:23: error parsing header key X: no value of a header",
  ],
  [
    `websocket { ${ON}\n  advertise: "http://a" }`,
    "2:3: websocket advertise must be host or host:port, not a URL",
  ],
];

for (const [text, ...errors] of PLACED) {
  test(`${JSON.stringify(text)} is told where it is wrong`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(text)), errors);
  });
}

const USERS = "accounts { A { users: [ { user: x, password: y } ] } }";

for (
  const [text, error] of [
    [
      "authorization { user: a, pass: b }",
      "websocket authentication username not compatible with presence of users/nkeys",
    ],
    [
      "authorization { token: a }",
      "websocket authentication token not compatible with presence of users/nkeys",
    ],
    [
      "no_auth_user: b",
      'no_auth_user: "b" not present as user or nkey in authorization block or account configuration',
    ],
  ] as const
) {
  test(`beside users, ${text} of websocket is refused`, () => {
    const config = `${USERS}\nwebsocket { ${ON}\n  ${text} }`;
    assert.deepEqual(errorsOf(() => optionsOf(config)), [`3:3: ${error}`]);
  });
}

test("beside users, websocket may have one of them for those who bring nothing", () => {
  const config = `${USERS}\nwebsocket { ${ON}, no_auth_user: x }`;
  assert.equal(optionsOf(config).websocket?.noAuthUser, "x");
});
