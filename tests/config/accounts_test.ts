/** Accounts, their users and permissions: from text to options, and what is wrong. */
import assert from "node:assert/strict";
import {
  type AccountOptions,
  type PermissionsOptions,
  UNLIMITED_ACCOUNT,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, warningsOf } from "./reading.ts";

const USER_KEY = "UANKVADI7GUTCERRWYOO37GG65UKW2IIKS2GEQDWNJHHPL727VTBO5V7";
const ACCOUNT_KEY = "ABBPXN2EKGGS4A6OSO3CLIC7OSZABCRAWE2ZKF2BXCXEWYM5IL7VJUFJ";

const EMPTY: AccountOptions = {
  name: "A",
  nkey: "",
  users: [],
  exports: [],
  imports: [],
  mappings: [],
  limits: UNLIMITED_ACCOUNT,
};

function accountOf(block: string, others: string = ""): AccountOptions {
  const [first] = optionsOf(`accounts { A { ${block} }\n${others} }`).accounts;
  assert.ok(first);
  return first;
}

test("accounts are a map of blocks, or a list of names", () => {
  assert.deepEqual(optionsOf("accounts {}").accounts, []);
  assert.deepEqual(optionsOf("accounts []").accounts, []);
  assert.deepEqual(optionsOf("accounts { A {} }").accounts, [EMPTY]);
  assert.deepEqual(optionsOf("accounts [A, b]").accounts, [
    EMPTY,
    { ...EMPTY, name: "b" },
  ]);
});

const KEYS:
  readonly (readonly [block: string, account: Partial<AccountOptions>])[] = [
    [`nkey: ${ACCOUNT_KEY}`, { nkey: ACCOUNT_KEY }],
    ["users [{user a, password b}\n{username c, pass d}]", {
      users: [{ user: "a", password: "b" }, { user: "c", password: "d" }],
    }],
    [`users [{nkey ${USER_KEY}}]`, {
      users: [{ user: "", password: "", nkey: USER_KEY }],
    }],
    ["users [{user a, allowed_connection_types [standard, WebSocket]}]", {
      users: [{
        user: "a",
        password: "",
        connectionTypes: ["STANDARD", "WEBSOCKET"],
      }],
    }],
    ["users [{user a, connection_types mqtt}\n{user b, clients []}]", {
      users: [
        { user: "a", password: "", connectionTypes: ["MQTT"] },
        { user: "b", password: "" },
      ],
    }],
    ["limits { max_conn 1, max_subs 2, max_pay 1kb, max_leafs 0 }", {
      limits: {
        maxConnections: 1,
        maxSubscriptions: 2,
        maxPayloadBytes: 1024,
        maxLeafnodes: 0,
      },
    }],
    ["limits { max_connections -1, max_payload 5 }", {
      limits: { ...UNLIMITED_ACCOUNT, maxPayloadBytes: 5 },
    }],
    ["mappings { a: b, 'c.*': { dest: 'd.$1', weight: 50%} }", {
      mappings: [
        {
          source: "a",
          destinations: [{ subject: "b", weight: 100, cluster: "" }],
        },
        {
          source: "c.*",
          destinations: [{ subject: "d.$1", weight: 50, cluster: "" }],
        },
      ],
    }],
    [
      "maps { a: [{ destination: b, weight: '20%' }\n" +
      "{ dest: c, weight: 80, cluster: C1 }], e: [] }",
      {
        mappings: [{
          source: "a",
          destinations: [
            { subject: "b", weight: 20, cluster: "" },
            { subject: "c", weight: 80, cluster: "C1" },
          ],
        }],
      },
    ],
    ["msg_trace: t", { trace: { destination: "t", sampling: 100 } }],
    ["trace_dest: { dest: t.u, sampling: 25% }", {
      trace: { destination: "t.u", sampling: 25 },
    }],
    ["msg_trace: { dest: t, sampling: 7 }", {
      trace: { destination: "t", sampling: 7 },
    }],
    ["exports [{ stream: 'a.>' }\n{ service: b }]", {
      exports: [
        {
          kind: "stream",
          subject: "a.>",
          accountTokenPosition: 0,
          tokenRequired: false,
        },
        {
          kind: "service",
          subject: "b",
          accountTokenPosition: 0,
          tokenRequired: false,
          response: "singleton",
          thresholdMs: 120_000,
          allowTrace: false,
        },
      ],
    }],
    [
      "exports [{ service: 'b.*', accounts: [B], response: chunk, threshold: '5s',\n" +
      "account_token_position: 2, allow_trace: true }]",
      {
        exports: [{
          kind: "service",
          subject: "b.*",
          accounts: ["B"],
          accountTokenPosition: 2,
          tokenRequired: false,
          response: "chunked",
          thresholdMs: 5000,
          allowTrace: true,
        }],
      },
    ],
    [
      "exports [{ service: b, response_type: single, latency: lat }\n" +
      "{ service: c, latency: { sampling: 50%, subject: lat } }\n" +
      "{ service: d, latency: { sampling: headers, subject: lat } }]",
      {
        exports: [
          ["b", 100] as const,
          ["c", 50] as const,
          ["d", "headers"] as const,
        ].map(([subject, sampling]) => ({
          kind: "service",
          subject,
          accountTokenPosition: 0,
          tokenRequired: false,
          response: "singleton",
          thresholdMs: 120_000,
          latency: { subject: "lat", sampling },
          allowTrace: false,
        })),
      },
    ],
    [
      "imports [{ stream: { account: B, subject: 's.>' } }\n" +
      "{ stream: { account: B, subject: 't.*' }, prefix: p }\n" +
      "{ stream: { account: B, subject: 'u.*' }, to: 'v.$1', allow_trace: on }\n" +
      "{ service: { account: B, subject: q } }\n" +
      "{ service: { account: B, subject: r }, to: l, share: true }]",
      {
        imports: [
          ["s.>", "s.>", false] as const,
          ["t.*", "p.t.*", false] as const,
          ["u.*", "v.$1", true] as const,
          ["q", "q", false] as const,
          ["r", "l", true] as const,
        ].map(([subject, local, flag]) => {
          const common = { account: "B", subject, token: "", local };
          return /^[stu]/.test(subject)
            ? { kind: "stream", ...common, allowTrace: flag } as const
            : { kind: "service", ...common, share: flag } as const;
        }),
      },
    ],
  ];

const EXPORTING = "B { exports [{ stream: '>' }, { service: '>' }] }";

for (const [block, account] of KEYS) {
  test(`an account with ${JSON.stringify(block)} is understood`, () => {
    assert.deepEqual(accountOf(block, EXPORTING), { ...EMPTY, ...account });
  });
}

function permissionsOf(block: string): PermissionsOptions | undefined {
  const { users: [user] } = accountOf(
    `users [{ user a, permissions { ${block} } }]`,
  );
  return user?.permissions;
}

const PERMISSIONS:
  readonly (readonly [block: string, permissions: PermissionsOptions])[] = [
    ["", {}],
    ["publish: a", { publish: { allow: ["a"] } }],
    ["pub: [a, 'b.>']", { publish: { allow: ["a", "b.>"] } }],
    ["import: { allow: a, deny: [b] }", {
      publish: { allow: ["a"], deny: ["b"] },
    }],
    ["subscribe: 'a.* q'", { subscribe: { allow: ["a.* q"] } }],
    ["sub: { deny: ['a   q.*', b] }", { subscribe: { deny: ["a q.*", "b"] } }],
    ["export: a", { subscribe: { allow: ["a"] } }],
    ["publish: []", { publish: {} }],
    ["publish: {}", { publish: {} }],
    ["publish: { allow: [] }, subscribe: { allow: [], deny: x }", {
      publish: {},
      subscribe: { deny: ["x"] },
    }],
    ["allow_responses: true", {
      publish: { allow: [] },
      responses: { maxMessages: 1, expiresMs: 120_000 },
    }],
    ["publish_allow_responses: { max: 5, expires: '1m' }, pub: x", {
      publish: { allow: ["x"] },
      responses: { maxMessages: 5, expiresMs: 60_000 },
    }],
    ["allow_responses: { max: 0, ttl: '-1s' }, pub: { deny: x }", {
      publish: { deny: ["x"], allow: [] },
      responses: { maxMessages: 1, expiresMs: -1000 },
    }],
    ["allow_responses: { max_msgs: -1, expiration: 0s }", {
      publish: { allow: [] },
      responses: { maxMessages: -1, expiresMs: 120_000 },
    }],
    ["allow_responses: false, publish: x", { publish: { allow: ["x"] } }],
  ];

for (const [block, permissions] of PERMISSIONS) {
  test(`the permissions ${JSON.stringify(block)} are understood`, () => {
    assert.deepEqual(permissionsOf(block), permissions);
  });
}

test("users without permissions of their own share those of their place", () => {
  const { users, defaultPermissions } = accountOf(
    "users [{user a}, {user b}, {user c, permissions {}}]\n" +
      "default_permissions { publish x }",
  );
  assert.deepEqual(defaultPermissions, { publish: { allow: ["x"] } });
  assert.equal(users[0]?.permissions, defaultPermissions);
  assert.equal(users[1]?.permissions, defaultPermissions);
  assert.deepEqual(users[2]?.permissions, {});
  for (const key of ["default_permissions", "permissions"]) {
    const { authorization } = optionsOf(
      `authorization { users [{user a}], ${key} { subscribe x } }`,
    );
    const [user] = authorization?.users ?? [];
    assert.deepEqual(user?.permissions, { subscribe: { allow: ["x"] } });
  }
});

test("permissions beside a single user are kept", () => {
  const { authorization } = optionsOf(
    "authorization { user a, password b, permissions { publish x } }",
  );
  assert.deepEqual(authorization?.defaultPermissions, {
    publish: { allow: ["x"] },
  });
});

test("the system account is $SYS, another one, or none", () => {
  const systemOf = (text: string) => optionsOf(text).systemAccount;
  assert.equal(systemOf(""), "$SYS");
  assert.equal(systemOf("accounts { $SYS { } }"), "$SYS");
  assert.equal(systemOf("accounts { S { } }, system_account: S"), "S");
  assert.equal(systemOf("accounts { S { } }, system: S"), "S");
  assert.equal(systemOf("no_system_account: true"), "");
  assert.equal(systemOf("no_system: false"), "$SYS");
  assert.equal(
    systemOf("accounts { S { } }, system: S, no_sys_acc: yes"),
    "S",
  );
});

test("a user for those without credentials may stand in any account", () => {
  const texts = [
    "accounts { A { users [{user a}] } }, no_auth_user: a",
    `accounts { A { users [{nkey ${USER_KEY}}] } }, no_auth_user: ${USER_KEY}`,
    "authorization { users [{user a}] }, accounts { A { users [{user b}] } }\n" +
    "no_auth_user: a",
  ];
  for (const text of texts) assert.notEqual(optionsOf(text).noAuthUser, "");
});

const WRONG: readonly (readonly [text: string, ...errors: string[]])[] = [
  // Accounts.
  ["accounts: 5", "1:1: Expected map to define accounts, got int64"],
  ["accounts: [a, 5 ]", "1:15: An account must be a string, got int64"],
  ["accounts: [a, a]", "1:15: Duplicate Account Entry: a"],
  ['accounts: ["$G"]', '1:13: "$G" is a Reserved Account'],
  ["accounts { $G {} }", '1:12: "$G" is a Reserved Account'],
  [
    "accounts { A 5, B x }",
    ...[12, 17].map((column) =>
      `1:${column}: Expected map entries for accounts`
    ),
  ],
  ["accounts { A { foo 1 } }", '1:16: unknown field "foo"'],
  [
    "accounts { A { nkey abc } }",
    '1:16: Not a valid public nkey for an account: "abc"',
  ],
  [
    `accounts { A { nkey ${USER_KEY} } }`,
    `1:16: Not a valid public nkey for an account: "${USER_KEY}"`,
  ],
  [
    "accounts { A { limits 5 } }",
    "1:16: Expected account limits to be a map/struct, got 5",
  ],
  [
    "accounts { A { limits { foo 1, max_conn x } } }",
    '1:25: Unknown field "foo" parsing account limits',
    "1:32: max_conn must be an integer, got a string",
  ],
  ["system_account: 5", "1:1: system account name must be a string"],
  [
    "system_account: S",
    "1:1: error resolving system account: account missing",
  ],
  [
    "no_system_account: x",
    "1:1: no_system_account must be a boolean, got a string",
  ],

  // Users.
  [
    "accounts { A { users 5 } }",
    "1:16: Expected users field to be an array, got 5",
  ],
  [
    "accounts { A { users [5 ] } }",
    "1:23: Expected user entry to be a map/struct, got 5",
  ],
  ["accounts { A { users [{pass p}] } }", "1:23: User entry requires a user"],
  [
    "accounts { A { users [{nkey abc}] } }",
    "1:24: Not a valid public nkey for a user",
  ],
  [
    `accounts { A { users [{nkey ${ACCOUNT_KEY}}] } }`,
    "1:24: Not a valid public nkey for a user",
  ],
  [
    `accounts { A { users [{nkey ${USER_KEY}, user a}] } }`,
    "1:24: Nkey users do not take usernames or passwords",
  ],
  [
    `accounts { A { users [{nkey ${USER_KEY}, pass a}] } }`,
    "1:24: Nkey users do not take usernames or passwords",
  ],
  [
    "accounts { A { users [{user a}]}\nB { users [{user a}] } }",
    '2:13: Duplicate user "a" detected',
  ],
  [
    "authorization { users [{user a}] }\naccounts { B { users [{user a}] } }",
    '2:24: Duplicate user "a" detected',
  ],
  [
    `accounts { A { users [{nkey ${USER_KEY}}, {nkey ${USER_KEY}}] } }`,
    `1:89: Duplicate nkey "${USER_KEY}" detected`,
  ],
  [
    "accounts { A { users [{user a, clients [foo, standard, BAR]}] } }",
    '1:32: invalid connection types ["FOO" "BAR"]',
  ],
  [
    "accounts { A { users [{user a, clients [5 ]}] } }",
    "1:41: error parsing allowed connection types: " +
    "unsupported type [in array] int64",
  ],
  [
    "accounts { A { users [{user a, clients 5}] } }",
    "1:40: error parsing allowed connection types: unsupported type int64",
  ],

  // Permissions.
  [
    "accounts { A { users [{user a, permissions 5}] } }",
    "1:32: Expected permissions to be a map/struct, got 5",
  ],
  [
    "accounts { A { default_permissions { foo 1 } } }",
    '1:38: Unknown field "foo" parsing permissions',
  ],
  [
    "authorization { permissions { pub 5, sub { allow a, alow b } } }",
    "1:31: Expected subject permissions to be a subject, " +
    "or array of subjects, got int64",
    '1:53: Unknown field name "alow" parsing subject permissions, ' +
    "only 'allow' or 'deny' are permitted",
  ],
  [
    "authorization { permissions { pub [5 ], sub [a b] } }".replace(
      "a b",
      "'a..b', 'a b c', 'a b..c'",
    ),
    "1:36: Subject in permissions array cannot be cast to string",
    '1:47: subject "a..b" is not a valid subject',
    '1:55: subject "a b c" is not a valid subject',
    '1:64: queue "b..c" is not a valid queue',
  ],
  [
    "authorization { permissions { pub 'a b', sub '' } }",
    '1:31: subject "a b" is not a valid subject',
    '1:42: subject "" is not a valid subject',
  ],
  [
    "authorization { permissions { pub { deny 'a..b' } } }",
    '1:37: subject "a..b" is not a valid subject',
  ],
  [
    "authorization { permissions { allow_responses x } }",
    "1:31: error parsing response permissions, expected a boolean or a map",
  ],
  [
    "authorization { permissions { allow_responses { foo 1, max x, expires zz } } }",
    '1:49: Unknown field "foo" parsing permissions',
    "1:56: max must be an integer, got a string",
    '1:63: error parsing expires: time: invalid duration "zz"',
  ],
  [
    "authorization { permissions { allow_responses { ttl 5 } } }",
    "1:49: error parsing expires, not a duration string",
  ],

  // Tracing.
  [
    "accounts { A { msg_trace 'a.*' } }",
    '1:16: Trace destination "a.*" is not valid',
  ],
  [
    "accounts { A { msg_trace { dest a, sampling 0 } } }",
    "1:36: Ttrace destination sampling value 0 is invalid, " +
    "needs to be [1..100]",
  ],
  [
    "accounts { A { msg_trace { dest 'a.*', sampling x, foo 1 } } }",
    '1:28: Trace destination "a.*" is not valid',
    '1:40: Invalid trace destination sampling value "x"',
    '1:52: Unknown field "foo" parsing account message trace map/struct ' +
    '"msg_trace"',
  ],
  [
    "accounts { A { msg_trace 5 } }",
    '1:16: Expected account message trace "msg_trace" to be a string or ' +
    "a map/struct, got int64",
  ],
  [
    "accounts { A { trace_dest { dest a, sampling true } } }",
    '1:37: Trace destination sampling field "sampling" should be an ' +
    "integer or a percentage, got bool",
  ],

  // Mappings.
  ["mappings 5", "1:1: mappings must be a map, got an integer"],
  [
    "mappings { a 5, 'a..b' x, b {foo 1}, c [x], d { dest y } }",
    "1:12: Expected an entry for the mapping destination",
    '1:18: Subject "a..b" is not a valid subject',
    '1:30: Unknown field "foo" for mapping destination',
    "1:41: Expected an entry for the mapping destination",
    '1:49: Missing weight for mapping destination "y"',
  ],
  [
    "mappings { a { dest x, weight 101 }, b { dest x, weight 5x }\n" +
    "c { dest x, weight 1.5 }, d { dest x, weight -1 }, e { weight 1 } }",
    "1:24: Invalid weight 101 for mapping destination",
    '1:50: Invalid weight "5x" for mapping destination',
    "2:13: Unknown entry type for weight of 1.5",
    "2:39: Invalid weight -1 for mapping destination",
    "2:54: A mapping requires a destination",
  ],

  [
    'mappings { "a.*": [{dest x, weight 60}, {dest y, weight 60}]\n' +
    "b: [{dest x, weight 60}, {dest x, weight 20, cluster C}]\n" +
    '"c.*": {dest "y.$2", weight 5}, d: "x.*", "f.*": "g.{{foo(1)}}"\n' +
    "e: [{dest x, weight 60}, {dest y, weight 60, cluster C}] }",
    '1:13: Error adding mapping for "a.*" : total weight needs to be <= 100',
    '2:1: Error adding mapping for "b" : duplicate entry for "x"',
    '3:2: Error adding mapping for "c.*" : invalid mapping destination: ' +
    "wildcard index out of range in $2: [2]",
    '3:33: Error adding mapping for "d" to "x.*" : invalid subject',
    '3:44: Error adding mapping for "f.*" to "g.{{foo(1)}}" : ' +
    "invalid mapping destination: unknown function in {{foo(1)}}",
  ],

  // Exports.
  [
    "accounts { A { exports 5, imports {} } }",
    "1:16: Exports should be an array, got int64",
    "1:27: Imports should be an array, got map[string]interface {}",
  ],
  [
    "accounts { A { exports [y], imports [x] } }",
    "1:25: Export Items should be a map with type entry, got string",
    "1:38: Import Items should be a map with type entry, got string",
  ],
  [
    "accounts { A { exports [{stream 5}, {service 5}] } }",
    "1:26: Expected stream name to be string, got int64",
    "1:38: Expected service name to be string, got int64",
  ],
  [
    "accounts { A { exports [{stream a, service b}, {stream a, foo 1}] } }",
    '1:36: Detected service "b" but already saw a stream',
    '1:59: unknown field "foo"',
  ],
  [
    "accounts { A { exports [{stream a, response single}\n" +
    "{stream a, latency l}\n{stream a, allow_trace true}] } }",
    "1:36: Detected response directive on non-service",
    "2:12: Detected latency directive on non-service",
    "3:12: Detected allow_trace directive on non-service",
  ],
  [
    "accounts { A { exports [{service a, response foo, threshold foo}\n" +
    "{service a, threshold 5}\n{service a, latency 5}\n" +
    "{service a, latency {sampling 5}}\n" +
    "{service a, latency {sampling 101, subject b}}\n" +
    "{service a, latency {sampling x, subject b}}] } }",
    '1:37: Unknown response type: "foo"',
    "1:51: Expected response threshold to be a parseable time duration, " +
    'got "foo"',
    "2:13: Expected response threshold to be a parseable time duration, " +
    "got int64",
    "3:13: Expected latency entry to be a map/struct or string, got int64",
    "4:13: Latency subject required, but missing",
    "5:22: bad sampling percentage, should be 1-100",
    '6:22: Failed to parse latency sample: strconv.Atoi: parsing "x": ' +
    "invalid syntax",
  ],

  [
    'accounts { A { exports [{service a, latency "x.*"}, {service b, latency a}\n' +
    "{service c, latency x, response stream}, {stream 'd.*', accounts [ZZ]}\n" +
    "{service 'e.*', account_token_position 1}] } }",
    '1:26: Error adding service latency sampling for "a" on subject "x.*": ' +
    "invalid publish subject",
    '1:54: Error adding service latency sampling for "b" on subject "a": ' +
    "invalid publish subject",
    '2:2: Error adding service latency sampling for "c" on subject "x": ' +
    "bad service response type",
    '2:43: "ZZ" account not defined for stream export',
    '3:2: Error adding service export "e.*": sublist: invalid subject',
  ],

  // Imports.
  [
    "accounts { A { imports [{stream {account ZZ, subject x}}\n" +
    "{service {account ZZ, subject x}}, {stream {account B, subject x}}\n" +
    "{service {account B, subject y}}, {stream {account B, subject s}, prefix '*'}\n" +
    "{stream {account B, subject 't.*'}, to x}] }\n" +
    "B { exports [{stream s}, {stream 't.*'}, {stream x, accounts [C]}] }, C {} }",
    '1:26: "ZZ" account not defined for stream import',
    '2:2: "ZZ" account not defined for service import',
    '2:37: Error adding stream import "x": stream import not authorized',
    '3:2: Error adding service import "y": service import not authorized',
    '3:36: Error adding stream import "s": ' +
    "stream import prefix can not contain wildcard tokens",
    '4:2: Error adding stream import "t.*": ' +
    "failed to create mapping transform for stream import subject from " +
    '"t.*" to "x": invalid mapping destination: ' +
    "not using all of the token wildcard(s) in x",
  ],
  [
    "accounts { A { exports [{service a}], imports [{service {account B, subject b}, to a}] }\n" +
    "B { exports [{service b}], imports [{service {account A, subject a}, to b}] } }",
    '1:49: Error adding service import "b": import forms a cycle',
    '2:38: Error adding service import "a": import forms a cycle',
  ],
  [
    "accounts { A { imports [{stream x}, {service x}, {stream {account B}}\n" +
    "{service {account B, subject x}, to 5}\n" +
    "{service {account 5, subject x}}] }, B { exports [{service x}] } }",
    "1:26: Stream entry should be an account map, got string",
    "1:38: Service entry should be an account map, got string",
    "1:51: Expect an account name and a subject",
    "2:34: to must be a string, got an integer",
    "3:2: Expect an account name and a subject",
    "3:11: account must be a string, got an integer",
  ],
  [
    "accounts { A { imports [\n" +
    "{stream {account B, subject x}, prefix p, to t}\n" +
    "{stream {account B, subject y}, service {account B, subject x}}\n" +
    "{service {account B, subject x}, allow_trace on}\n" +
    "] }, B { exports [{service x}, {stream x}, {stream y}] } }",
    "2:33: Stream import can not have a 'prefix' and a 'to' property",
    "3:33: Detected service but already saw a stream",
    "4:34: Detected allow_trace directive on a non-stream",
  ],

  // Beside one another.
  [
    "accounts { A { users [{user x}] } }\nauthorization { user a, pass b }",
    "1:1: Can not have a single user/pass and accounts",
  ],
  [
    "authorization { token t }\naccounts { A { users [{user x}] } }",
    "2:1: Can not have a token and accounts",
  ],
  [
    "accounts { A { users [{user x}] } }\nno_auth_user y",
    '2:1: no_auth_user: "y" not present as user or nkey in ' +
    "authorization block or account configuration",
  ],
];

for (const [text, ...errors] of WRONG) {
  test(`the accounts ${JSON.stringify(text)} are refused`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(text)), errors);
  });
}

const ODD: readonly (readonly [text: string, ...warnings: string[]])[] = [
  ...["publish []", "publish {}", "publish { allow [] }"].map((rule) =>
    [
      `accounts { A { users [{user a, permissions { ${rule} }}] } }`,
      '1:46: "publish" forbids nothing: an empty list allows everything',
    ] as const
  ),
  ["authorization { permissions { pub [], allow_responses on } }"],
  ["authorization { permissions { sub { deny x } } }"],
  [
    "authorization { permissions { sub { allow [], deny x } } }",
    '1:31: "sub" forbids nothing: an empty list allows everything',
  ],
  [
    "accounts { A { exports [{stream a, accounts []}] } }",
    '1:36: "accounts" forbids nothing: an empty list is no list',
  ],
  [
    "accounts { A { exports [{}, {stream 'a..b'}], imports [{}] } }",
    "1:25: an export without a stream and without a service has no effect",
    '1:30: "stream" has no effect: "a..b" is no subject',
    "1:56: an import without a stream and without a service has no effect",
  ],
  [
    "accounts { A { msg_trace { sampling 50 } } }",
    "1:16: Trace destination sampling ignored since no destination was set",
  ],
  ["accounts { A {} }\nauthorization { user a, password b }"],
  ["accounts { A { users [{user a}] } }\nauthorization {}"],
];

for (const [text, ...warnings] of ODD) {
  test(`the accounts ${JSON.stringify(text)} have ${warnings.length} warnings`, () => {
    assert.deepEqual(warningsOf(text), warnings);
  });
}
