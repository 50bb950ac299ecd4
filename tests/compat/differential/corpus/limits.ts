/** Limits of size and number, and what a server does at them. */
import {
  connect,
  ending,
  type Group,
  inBytes,
  LOGIN,
  talk,
} from "../conversation.ts";

export const LIMITS: readonly Group[] = [
  {
    title: "small limits",
    config: `
      max_payload: 10
      max_control_line: 100
      max_subscriptions: 2
      max_subscription_tokens: 3
    `,
    conversations: [
      talk("INFO tells of max_payload", LOGIN, "PING↵"),
      talk("a payload of the limit", LOGIN, "SUB a 1↵PUB a 10↵0123456789↵"),
      talk(
        "a payload of one byte more",
        LOGIN,
        "SUB a 1↵PUB a 11↵01234567890↵",
      ),
      talk("a payload of one byte more, not sent", LOGIN, "PUB a 11↵"),
      talk("headers of the limit", LOGIN, "SUB a 1↵HPUB a 8 10↵abcdefghij↵"),
      talk(
        "headers of one byte more",
        LOGIN,
        "SUB a 1↵HPUB a 9 11↵abcdefghijk↵",
      ),
      talk(
        "a payload too large of a pedantic one",
        connect({ pedantic: true }),
        "PUB * 11↵",
      ),
      talk(
        "a payload too large, verbose",
        connect({ verbose: true }),
        "PUB a 11↵",
      ),
      talk("a payload too large for a reserved name", LOGIN, "PUB $GR.a 11↵"),
      talk("a line of the limit", LOGIN, `SUB ${"x".repeat(98)} 1↵PING↵`),
      talk("a line of one byte more", LOGIN, `SUB ${"x".repeat(99)} 1↵PING↵`),
      talk(
        "a line of one byte more that ends with LF",
        LOGIN,
        `SUB ${"x".repeat(99)} 1\nPING↵`,
      ),
      talk(
        "a line of the limit and blanks behind it",
        LOGIN,
        `SUB ${"x".repeat(98)} 1 ↵PING↵`,
      ),
      talk("a PUB of one byte more", LOGIN, `PUB ${"x".repeat(99)} 0↵↵`),
      talk(
        "a CONNECT of the limit",
        `CONNECT {"verbose":false,"name":"${"x".repeat(73)}"}↵PING↵`,
      ),
      talk(
        "a CONNECT of one byte more",
        `CONNECT {"verbose":false,"name":"${"x".repeat(74)}"}↵PING↵`,
      ),
      talk("a line too long without an end", LOGIN, `SUB ${"x".repeat(101)}`),
      talk(
        "a line of the limit without an end",
        LOGIN,
        `SUB ${"x".repeat(100)}`,
      ),
      talk("a PING of 200 bytes", LOGIN, `PING ${"x".repeat(200)}↵PING↵`),
      talk("an -ERR of 200 bytes", LOGIN, `-ERR ${"x".repeat(200)}↵PING↵`),
      talk(
        "three subscriptions",
        LOGIN,
        "SUB a 1↵SUB b 2↵SUB c 3↵PUB c 0↵↵PUB a 0↵↵",
      ),
      talk(
        "three subscriptions, verbose",
        connect({ verbose: true }),
        "SUB a 1↵SUB b 2↵SUB c 3↵UNSUB 1↵SUB c 3↵",
      ),
      talk(
        "a sid again at the limit",
        LOGIN,
        "SUB a 1↵SUB b 2↵SUB c 1↵PUB c 0↵↵",
      ),
      talk("a bad subject at the limit", LOGIN, "SUB a 1↵SUB b 2↵SUB c..d 3↵"),
      talk(
        "a reserved group at the limit",
        LOGIN,
        "SUB a 1↵SUB b 2↵SUB c _sys_ 3↵",
      ),
      talk(
        "a subscription less and one more",
        LOGIN,
        "SUB a 1↵SUB b 2↵UNSUB 1↵SUB c 3↵PUB c 0↵↵",
      ),
      talk(
        "a subscription that ends by itself",
        LOGIN,
        "SUB a 1↵SUB b 2↵UNSUB 1 1↵PUB a 0↵↵SUB c 3↵PUB c 0↵↵",
      ),
      talk(
        "the limit after a second CONNECT",
        LOGIN,
        "SUB a 1↵SUB b 2↵",
        LOGIN,
        "SUB c 3↵SUB d 4↵SUB e 5↵",
      ),
      talk("tokens of the limit", LOGIN, "SUB a.b.c 1↵PUB a.b.c 0↵↵"),
      talk("one token more", LOGIN, "SUB a.b.c.d 1↵PUB a.b.c.d 0↵↵"),
      talk("one token more for a group", LOGIN, "SUB a.b.c.d q 1↵"),
      talk(
        "one token more for a reserved group",
        LOGIN,
        "SUB a.b.c.d _sys_ 1↵",
      ),
      talk(
        "one token more, verbose",
        connect({ verbose: true }),
        "SUB a.b.c.d 1↵SUB a.b.c.> 2↵",
      ),
      talk("empty tokens count", LOGIN, "SUB ... 1↵SUB a..b 2↵SUB .. 3↵"),
      talk(
        "quotes in a subject of too many tokens",
        LOGIN,
        'SUB a."b\x01\xff.c.d 1↵',
      ),
      talk(
        "a subject of many tokens to publish to",
        LOGIN,
        "SUB > 1↵PUB a.b.c.d.e 0↵↵",
      ),
      inBytes(talk("a payload too large", LOGIN, "PUB a 11↵")),
    ],
  },
  {
    title: "one connection",
    config: "max_connections: 1",
    conversations: [
      ending("the second is refused", `${LOGIN}PING↵`, "b: ", "a: ~↵"),
    ],
  },
  {
    title: "no headers",
    config: "no_header_support: true",
    conversations: [
      talk("INFO says so", LOGIN, "PING↵"),
      talk("headers are asked for", connect({ headers: true }), "PING↵"),
      talk(
        "no_responders is asked for",
        connect({ headers: true, no_responders: true }),
        "PING↵",
      ),
      talk("HPUB", connect({ headers: true }), "HPUB a 12 14↵NATS/1.0↵↵hi↵"),
      talk("PUB", connect({ headers: true }), "SUB a 1↵PUB a 2↵hi↵"),
    ],
  },
  {
    title: "a name, an advertised address and a greater payload",
    config: `
      server_name: "one"
      client_advertise: "example.com:4333"
      max_payload: 2MB
    `,
    conversations: [
      talk("INFO", connect({ protocol: 1 }), "PING↵PING↵"),
      talk("INFO to protocol 0", connect({ protocol: 0 }), "PING↵"),
    ],
  },
  {
    title: "short intervals of PING",
    config: `ping_interval: "100ms", ping_max: 1`,
    conversations: [
      ending("one that never answers", LOGIN),
      ending("one that has not said CONNECT"),
    ],
  },
];
