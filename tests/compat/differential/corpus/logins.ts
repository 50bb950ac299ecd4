/** CONNECT, its fields and credentials, at an open door and at closed ones. */
import {
  connect,
  type Conversation,
  ending,
  type Group,
  inBytes,
  LOGIN,
  talk,
} from "../conversation.ts";

/** Of "secret". */
const HASH = "$2a$04$ypn9ZEiROvUOH3vdjiDr6OGC9ojUaR/1SY5BlzW9CCIZ.uubqhTBC";

/** CONNECT where anybody may come in. */
const CONNECTING: readonly Conversation[] = [
  ...[
    "CONNECT {}↵",
    "CONNECT{}↵",
    "connect {}↵",
    "CONNECT  {}  ↵",
    "CONNECT\t{}↵",
    "CONNECT {}\n",
    "CONNECT\n{}↵",
    "CONNECT \n{}↵",
    "CONNECT↵",
    "CONNECT ↵",
    "CONNECT {↵",
    "CONNECT x↵",
    "CONNECT []↵",
    "CONNECT null↵",
    'CONNECT "a"↵',
    "CONNECT 1↵",
    "CONNECT true↵",
    "CONNECT {}{}↵",
    "CONNECT {} x↵",
    "CONNECT {}\0↵",
    "CONNECT {,}↵",
    "CONNECT {'verbose':false}↵",
    'CONNECT {"verbose":false,}↵',
    "CONNECT \xff↵",
    'CONNECT {"name":"\xff"}↵',
    'CONNECT {"name":"\\u00e9\\ud83d\\ude00\\ud800"}↵',
    'CONNECT {"name":"a\tb"}↵',
    'CONNECT {"a":1e999}↵',
    'CONNECT {"a":01}↵',
    'CONNECT {"a":.5}↵',
    'CONNECT {"a":-0}↵',
    'CONNECT {"a":[[[[{}]]]]}↵',
    'CONNECT {"unknown":{"deep":[1,2,{}]}}↵',
    'CONNECT {"VERBOSE":false,"Pedantic":false}↵',
    'CONNECT {"verbose":false,"verbose":true}↵',
    'CONNECT {"verbose":true,"VERBOSE":false}↵',
    'CONNECT {"verbose":null}↵',
    'CONNECT {"__proto__":{"verbose":false}}↵',
    'CONNECT {"constructor":1,"toString":2}↵',
    'CONNECT {"protocol":0}↵',
    'CONNECT {"protocol":1}↵',
    'CONNECT {"protocol":2}↵',
    'CONNECT {"protocol":-1}↵',
    'CONNECT {"protocol":null}↵',
    'CONNECT {"verbose":false,"protocol":1}↵PING↵',
    'CONNECT {"headers":true}↵',
    'CONNECT {"headers":true,"no_responders":true}↵',
    'CONNECT {"no_responders":true}↵',
    'CONNECT {"account":"x"}↵',
    'CONNECT {"account":""}↵',
    'CONNECT {"new_account":true}↵',
    'CONNECT {"new_account":false}↵',
    'CONNECT {"account":"$G"}↵',
    'CONNECT {"user":"x","pass":"y"}↵',
    'CONNECT {"auth_token":"x"}↵',
    'CONNECT {"nkey":"x","sig":"y"}↵',
    'CONNECT {"jwt":"x"}↵',
    'CONNECT {"tls_required":true}↵',
    'CONNECT {"name":"n","lang":"l","version":"v"}↵',
    'CONNECT {"echo":false,"verbose":false}↵',
    'CONNECT {"cluster":"x"}↵',
    'CONNECT {"gateway":"x"}↵',
    'CONNECT {"server_id":"x"}↵',
  ].flatMap((line) => [
    talk(`${JSON.stringify(line)} first`, line, "SUB a 1↵PUB a 2↵hi↵PING↵"),
    talk(
      `${JSON.stringify(line)} second`,
      LOGIN,
      "SUB a 1↵",
      line,
      "PUB a 2↵hi↵PING↵",
    ),
  ]),
  talk(
    "a second CONNECT drops the subscriptions",
    LOGIN,
    "SUB a 1↵PUB a 0↵↵",
    LOGIN,
    "PUB a 0↵↵SUB a 1↵PUB a 0↵↵",
  ),
  talk(
    "a second CONNECT of other fields",
    LOGIN,
    "PING↵",
    connect({ protocol: 0, verbose: true }),
    "PING↵",
  ),
  talk(
    "a second CONNECT that turns INFO on",
    connect({ protocol: 0 }),
    "PING↵",
    connect({ protocol: 1 }),
    "PING↵",
  ),
  talk("a CONNECT after SUB", "SUB a 1↵", LOGIN, "PUB a 0↵↵PING↵"),
  talk("a CONNECT after PING", "PING↵", LOGIN, "PING↵PING↵"),
  talk(
    "a second CONNECT before PING",
    connect({ protocol: 0 }),
    connect({ protocol: 1 }),
    "PING↵",
  ),
  talk(
    "a second CONNECT keeps what it does not name",
    connect({ verbose: true, pedantic: true }),
    "CONNECT {}↵PUB * 0↵↵",
  ),
  talk(
    "a second CONNECT without headers",
    LOGIN,
    'CONNECT {"headers":false,"no_responders":false}↵HPUB a 12 12↵NATS/1.0↵↵↵',
  ),
  talk(
    "another's subscription after a second CONNECT",
    LOGIN,
    "SUB {n} 1↵",
    `b: ${LOGIN}PUB {n} 0↵↵`,
    `a: ${LOGIN}`,
    "b: PUB {n} 0↵↵SUB r{n} 1↵PUB {n} r{n} 0↵↵",
  ),
  talk(
    "a queue group after a second CONNECT",
    LOGIN,
    `SUB {n} q 1↵UNSUB 1 5↵${LOGIN}PUB {n} 0↵↵SUB {n} q 1↵PUB {n} 0↵↵`,
  ),
  talk("five CONNECTs", LOGIN.repeat(5), "PING↵"),
  inBytes(talk("a second CONNECT", LOGIN, LOGIN, "PING↵")),
];

export const OPEN_DOOR: Group = {
  title: "a server for everybody",
  config: "",
  conversations: CONNECTING,
};

/** What is said at a door, with `good` credentials and some that are not. */
function door(good: Readonly<Record<string, unknown>>): Conversation[] {
  return [
    talk("nothing"),
    talk("PING first", "PING↵"),
    talk("SUB first", "SUB a 1↵"),
    talk("an unknown verb first", "ZORK↵"),
    talk("an empty line first", "↵"),
    talk("a verb with C that is none", "CORK↵"),
    talk("CONNECT without credentials", connect(), "PING↵"),
    talk("CONNECT {}", "CONNECT {}↵PING↵"),
    talk("CONNECT with broken JSON", "CONNECT {↵PING↵"),
    talk("good credentials", connect(good), "SUB a 1↵PUB a 2↵hi↵PING↵"),
    talk(
      "good credentials of a verbose one",
      connect({ ...good, verbose: true }),
      "SUB a 1↵PUB a 2↵hi↵PING↵",
    ),
    talk(
      "good credentials and protocol 1",
      connect({ ...good, protocol: 1 }),
      "PING↵PING↵",
    ),
    talk(
      "good credentials and protocol 2",
      connect({ ...good, protocol: 2 }),
      "PING↵",
    ),
    talk(
      "good credentials and an account",
      connect({ ...good, account: "x" }),
      "PING↵",
    ),
    talk(
      "good credentials and new_account",
      connect({ ...good, new_account: true }),
      "PING↵",
    ),
    talk(
      "good credentials and no_responders without headers",
      connect({ ...good, no_responders: true }),
      "PING↵",
    ),
    ...Object.keys(good).flatMap((field) => [
      talk(`a wrong ${field}`, connect({ ...good, [field]: "wrong" }), "PING↵"),
      talk(`an empty ${field}`, connect({ ...good, [field]: "" }), "PING↵"),
      talk(`${field}: null`, connect({ ...good, [field]: null }), "PING↵"),
      talk(
        `a wrong ${field}, protocol 2`,
        connect({ ...good, [field]: "wrong", protocol: 2 }),
        "PING↵",
      ),
      talk(
        `a second CONNECT with a wrong ${field}`,
        connect(good),
        "PING↵",
        connect({ [field]: "wrong" }),
        "PING↵",
      ),
    ]),
    talk(
      "a second CONNECT that names no credentials",
      connect(good),
      "SUB a 1↵",
      connect({ protocol: 1 }),
      "PUB a 0↵↵PING↵",
    ),
    talk(
      "the right one after a wrong one",
      connect({ ...good, user: "x", auth_token: "y", pass: "z" }),
      connect(good),
      "PING↵",
    ),
    talk("a token", connect({ auth_token: "secret" }), "PING↵"),
    talk("a user and no password", connect({ user: "ann" }), "PING↵"),
    talk(
      "all kinds of credentials",
      connect({ user: "ann", pass: "secret", auth_token: "secret" }),
      "PING↵",
    ),
    talk(
      "a hash for the password",
      connect({ ...good, pass: HASH, auth_token: HASH }),
      "PING↵",
    ),
    talk(
      "credentials in other cases",
      connect({ USER: "ann", Pass: "secret", Auth_Token: "secret" }),
      "PING↵",
    ),
    inBytes(talk("good credentials", connect(good), "PING↵")),
    inBytes(talk("bad credentials", connect({ user: "x" }))),
  ];
}

const ANN = { user: "ann", pass: "secret" };

export const DOORS: readonly Group[] = [
  {
    title: "a user and a password",
    config: "authorization { user: ann, password: secret, timeout: 60 }",
    conversations: door(ANN),
  },
  {
    title: "a token",
    config: "authorization { token: secret, timeout: 60 }",
    conversations: door({ auth_token: "secret" }),
  },
  {
    title: "a hash of a password",
    config: `authorization { user: ann, password: "${HASH}", timeout: 60 }`,
    conversations: door(ANN),
  },
  {
    title: "a hash of a token",
    config: `authorization { token: "${HASH}", timeout: 60 }`,
    conversations: door({ auth_token: "secret" }),
  },
  {
    title: "several users",
    config: `authorization {
      users: [
        { user: ann, password: secret }
        { user: bob, password: "${HASH}" }
        { user: eve, password: "" }
      ]
      timeout: 60
    }`,
    conversations: [
      ...door(ANN),
      talk(
        "the user with a hash",
        connect({ user: "bob", pass: "secret" }),
        "PING↵",
      ),
      talk(
        "the user with a hash and a wrong password",
        connect({ user: "bob", pass: "Secret" }),
        "PING↵",
      ),
      talk("the user of no password", connect({ user: "eve" }), "PING↵"),
      talk(
        "the user of no password with one",
        connect({ user: "eve", pass: "x" }),
        "PING↵",
      ),
      talk(
        "another user in the second CONNECT",
        connect(ANN),
        "SUB a 1↵PING↵",
        connect({ user: "bob", pass: "secret", protocol: 1 }),
        "PUB a 0↵↵PING↵",
      ),
      talk(
        "a user's name in another case",
        connect({ user: "Ann", pass: "secret" }),
        "PING↵",
      ),
    ],
  },
  {
    title: "a user for those who bring no credentials",
    config: `authorization { users: [
      { user: ann, password: secret }
      { user: guest, password: "" }
    ], timeout: 60 }
    no_auth_user: guest`,
    conversations: [
      ...door(ANN),
      talk("SUB and PUB without CONNECT", "SUB a 1↵PUB a 1↵x↵PING↵"),
      talk(
        "CONNECT after SUB",
        "SUB a 1↵",
        connect({ protocol: 1 }),
        "PUB a 1↵x↵PING↵PING↵",
      ),
      talk(
        "PING, then CONNECT",
        "PING↵",
        connect({ protocol: 1 }),
        "PING↵PING↵",
      ),
      talk(
        "a wrong login after SUB",
        "SUB a 1↵",
        connect({ user: "ann", pass: "x" }),
        "PING↵",
      ),
      talk("an unknown verb of a guest", "ZORK↵PING↵"),
    ],
  },
  {
    title: "little time for a login",
    config: "authorization { token: secret, timeout: 0.05 }",
    conversations: [
      ending("nothing is said"),
      ending("half a CONNECT is said", "CONNECT {"),
      ending("a C is said", "C"),
    ],
  },
];
