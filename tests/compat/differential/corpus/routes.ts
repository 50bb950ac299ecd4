/** What a server of the cluster says on the port for routes, by hand. */
import {
  connect,
  type Conversation,
  ending,
  type Group,
  inBytes,
  LOGIN,
  page,
  stepOf,
  talk,
} from "../conversation.ts";

/** Of another server in each conversation: nobody is taken for one that has just left. */
const ID = "NHAND{n}";

type Fields = Readonly<Record<string, unknown>>;

/** CONNECT and INFO of a server without pools. */
function greeting(info: Fields = {}, fields: Fields = {}): string {
  const connecting = {
    echo: true,
    verbose: false,
    pedantic: false,
    tls_required: false,
    headers: true,
    name: ID,
    cluster: "one",
    ...fields,
  };
  const about = {
    server_id: ID,
    server_name: "hand",
    version: "2.9.10",
    proto: 1,
    host: "127.0.0.1",
    port: 1,
    headers: true,
    max_payload: 1_048_576,
    cluster: "one",
    ...info,
  };
  return `CONNECT ${JSON.stringify(connecting)}↵INFO ${JSON.stringify(about)}↵`;
}

const HELLO = greeting();

const LINES: readonly Conversation[] = [
  ...[
    "PING↵PONG↵PING↵",
    "PINGX↵",
    "+OK↵",
    "-ERR 'x'↵",
    "-ERR↵",
    "↵",
    "ZORK↵",
    "PUB a 1↵x↵",
    "HPUB a 1 1↵x↵",
    "MSG a 1 1↵x↵",
    "UNSUB 1↵",
    "SUB a 1↵",
    "RS+↵",
    "RS+ ↵",
    "RS+ $G↵",
    "RS+ $G a↵",
    "RS+ $G a q↵",
    "RS+ $G a q 1↵",
    "RS+ $G a q x↵",
    "RS+ $G a q 1 2↵",
    "RS+ $G a..b↵",
    "RS+ other a↵",
    "RS- $G a↵",
    "RS- $G↵",
    "RS- $G a q↵",
    "RS- $G a q 1↵",
    "RS-↵",
    "RS+ $G a↵RS+ $G a↵RS- $G a↵",
    "rs+ $G a↵",
    "RS*↵",
    "RMSG↵",
    "RMSG $G↵",
    "RMSG $G a↵",
    "RMSG $G a x↵",
    "RMSG $G a 1↵x↵",
    "RMSG $G a 2↵x↵",
    "RMSG $G a -1↵",
    "RMSG $G a b 1↵x↵",
    "RMSG $G a | q 1↵x↵",
    "RMSG $G a + b q 1↵x↵",
    "RMSG $G a * q 1↵x↵",
    "RMSG $G a b c 1↵x↵",
    "RMSG other a 1↵x↵",

    "HMSG $G a 12 14↵NATS/1.0↵↵hi↵",
    "HMSG $G a 14 12↵",
    "HMSG $G a x 12↵",
    "HMSG $G a 12↵",
    "LS+ $G a↵",
    "A+ other↵",
    "A- other↵",
    "A+↵",
    "A-↵",
    "INFO {}↵",
    "INFO {↵",
    'INFO {"server_id":"x"}↵',
    "CONNECT {}↵",
    "PING" + "x".repeat(5000) + "↵",
    "RS+ $G " + "x".repeat(5000) + "↵",
    "RS+ $G " + "x".repeat(70_000) + "↵",
  ].map((line) =>
    talk(
      `${JSON.stringify(line.slice(0, 30))} (${line.length}) of a server`,
      `r: ${HELLO}`,
      `r: ${line}`,
    )
  ),
  ...[
    "PING↵",
    "SUB a 1↵",
    "RS+ $G a↵",
    "RMSG $G a 1↵x↵",
    "PUB a 1↵x↵",
    "ZORK↵",
    "↵",
    "INFO {↵",
    "CONNECT↵",
    "CONNECT {↵",
    "CONNECT {}↵",
    "INFO {}↵",
  ]
    .map((line) =>
      talk(
        `${JSON.stringify(line)} of a stranger at the port for routes`,
        `r: ${line}`,
      )
    ),
];

/** Interest and messages between clients and a server. */
const MESSAGES: readonly Conversation[] = [
  talk(
    "a message for a server",
    `r: ${HELLO}RS+ $G {n}.>↵`,
    `a: ${LOGIN}PUB {n}.x 2↵hi↵PUB {n}.x r 2↵hi↵HPUB {n}.x 12 14↵NATS/1.0↵↵hi↵HPUB {n}.x r 12 14↵NATS/1.0↵↵hi↵PUB other 1↵x↵`,
    "r: ",
  ),
  talk(
    "a message for a queue group of a server",
    `r: ${HELLO}RS+ $G {n}.x q 2↵`,
    `a: ${LOGIN}PUB {n}.x 2↵hi↵PUB {n}.x r 2↵hi↵`,
    "r: ",
  ),
  talk(
    "a message for a server that has no headers",
    `r: ${greeting({ headers: false }, { headers: false })}RS+ $G {n}.x↵`,
    `a: ${LOGIN}HPUB {n}.x 12 14↵NATS/1.0↵↵hi↵`,
    "r: ",
  ),
  talk(
    "a message after RS-",
    `r: ${HELLO}RS+ $G {n}.x↵RS+ $G {n}.y↵RS- $G {n}.x↵`,
    `a: ${LOGIN}PUB {n}.x 2↵hi↵PUB {n}.y 2↵hi↵`,
    "r: ",
  ),
  talk(
    "messages of a server",
    `r: ${HELLO}`,
    `a: ${LOGIN}SUB {n}.> 1↵SUB {n}.x q 2↵`,
    "r: RMSG $G {n}.x 2↵hi↵RMSG $G {n}.x rep 2↵hi↵RMSG $G {n}.x | q 2↵hi↵RMSG $G {n}.x + rep q 2↵hi↵HMSG $G {n}.x 12 14↵NATS/1.0↵↵hi↵RMSG $G {n}.x | other 2↵hi↵",
    "a: PING↵",
    "r: ",
  ),
  talk(
    "interest of clients",
    `r: ${HELLO}`,
    `a: ${LOGIN}SUB {n}.a 1↵`,
    "r: PING↵",
    "a: SUB {n}.b q 2↵",
    "r: PING↵",
    "a: SUB {n}.b q 3↵",
    "r: PING↵",
    "a: UNSUB 3↵",
    "r: PING↵",
    "a: UNSUB 1↵UNSUB 2↵",
    "r: ",
  ),
  talk(
    "interest of clients that were there",
    `a: ${LOGIN}SUB {n}.a 1↵`,
    `r: ${HELLO}`,
    "a: UNSUB 1↵",
    "r: ",
  ),
  talk(
    "interest with a maximum",
    `r: ${HELLO}`,
    `a: ${LOGIN}SUB {n}.a 1↵UNSUB 1 1↵`,
    "r: RMSG $G {n}.a 1↵x↵PING↵",
    "a: PING↵",
    "r: ",
  ),
  talk(
    "a request that a server serves",
    `r: ${HELLO}RS+ $G {n}.s↵`,
    `a: ${LOGIN}SUB rep{n} 1↵PUB {n}.s rep{n} 2↵hi↵`,
    "r: RMSG $G rep{n} 2↵ok↵",
    "a: PING↵",
    "r: ",
  ),
  talk(
    "a second CONNECT of a client",
    `r: ${HELLO}`,
    `a: ${LOGIN}SUB {n}.a 1↵`,
    "r: PING↵",
    `a: ${LOGIN}`,
    "r: ",
  ),
  inBytes(talk("a server", `r: ${HELLO}RS+ $G {n}.a↵RMSG $G {n}.b 2↵hi↵`)),
];

/** Who a server says that it is. */
const GREETINGS: readonly Conversation[] = [
  talk(
    "a server of another cluster",
    `r: ${greeting({ cluster: "two" }, { cluster: "two" })}`,
  ),
  talk(
    "a server of no cluster",
    `r: ${greeting({ cluster: "" }, { cluster: "" })}`,
  ),
  talk("a server that has the same id", `r: ${greeting({}, { name: "" })}`),
  talk(
    "a server with more of INFO",
    `r: ${greeting({ lnoc: true, info_on_connect: true, unknown: {} })}`,
  ),
];

export const ROUTES: readonly Group[] = [
  {
    title: "a server at the port for routes",
    config: `
      server_name: "one", cluster { name: one, listen: "127.0.0.1:-1" }
    `,
    conversations: [...LINES, ...MESSAGES, ...GREETINGS],
  },
  {
    title: "a server with addresses for clients",
    config: `server_name: "one", cluster { name: one, listen: "127.0.0.1:-1" }`,
    conversations: [
      talk(
        "it comes",
        `a: ${connect({ protocol: 1 })}PING↵`,
        `r: ${greeting({ connect_urls: ["10.0.0.1:4222"] })}`,
        "a: ?10.0.0.1",
        "a: PING↵",
      ),
    ],
  },
  {
    title: "a server that leaves",
    config: `server_name: "one", cluster { name: one, listen: "127.0.0.1:-1" }`,
    conversations: [
      talk(
        "it asks its clients to leave",
        `r: ${greeting({ connect_urls: ["10.0.0.2:4222"] })}`,
        `a: ${connect({ protocol: 1 })}PING↵`,
        `r: ${greeting({ ldm: true }).slice(greeting().indexOf("INFO"))}`,
        ...Array<string>(3).fill("a: ?INFO"),
        "a: PING↵",
      ),
    ],
  },
  {
    title: "a server that has to log in",
    config: `cluster { name: one, listen: "127.0.0.1:-1"
      authorization { user: ann, password: secret, timeout: 60 }
    }`,
    conversations: [
      talk("no login", `r: ${HELLO}`),
      talk("PING first", "r: PING↵"),
      talk("INFO first", "r: INFO {}↵"),
      talk("a wrong login", `r: ${greeting({}, { user: "ann", pass: "x" })}`),
      talk("a login", `r: ${greeting({}, { user: "ann", pass: "secret" })}`),
    ],
  },
  {
    title: "little time for a server to log in",
    config: `cluster { name: one, listen: "127.0.0.1:-1"
      authorization { user: ann, password: secret, timeout: 0.1 }
    }`,
    conversations: [
      ending("a server that says nothing", "r: "),
      ending("a server that begins to say something", "r: CONN"),
      talk(
        "a server that is quick",
        `r: ${greeting({}, { user: "ann", pass: "secret" })}`,
      ),
    ],
  },
  {
    title: "pages of a server with a route",
    config:
      `http: "127.0.0.1:-1", cluster { name: one, listen: "127.0.0.1:-1" }`,
    before: [
      `r: ${HELLO}RS+ $G far↵`,
      `a: ${LOGIN}SUB near 1↵PUB far 2↵hi↵`,
      "r: RMSG $G near 3↵abc↵",
    ].map(stepOf),
    conversations: [
      "/routez",
      "/routez?subs=1",
      "/routez?subs=detail",
      "/varz",
      "/accstatz",
      "/subsz?subs=1&test=near",
      "/subsz?subs=1&test=far",
      "/connz?subs=detail",
    ].map(page),
  },
];
