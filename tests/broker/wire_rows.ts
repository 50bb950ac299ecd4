/**
 * What one client says and what it hears back, as a table: every row is one
 * connection. `wire_test.ts` plays the rows against Midge and against the real
 * nats-server, so each expectation is also a statement about that server.
 *
 * Texts are byte strings. INFO, which comes first, is not part of `expect`.
 */
import { ClosedReason } from "../../src/core/closed.ts";
import type { TestOptions } from "../support/midge.ts";

export interface WireRow {
  readonly name: string;
  /** The key of a server in `SETUPS`; "plain" unless given. */
  readonly setup?: SetupName;
  readonly send: string;
  readonly expect: string;
  /** Why the server ends the connection; absent: it does not. */
  readonly closed?: ClosedReason;
  /** The order among the receivers of one message is nobody's promise. */
  readonly anyOrder?: true;
}

export type SetupName =
  | "plain"
  | "limits"
  | "headless"
  | "token"
  | "user"
  | "users"
  | "guests";

export interface Setup {
  /** Midge's options. */
  readonly options: TestOptions;
  /** The same as nats-server's configuration. */
  readonly config: string;
}

const authTimeoutMs = 60_000;

export const SETUPS: Readonly<Record<SetupName, Setup>> = {
  plain: { options: {}, config: "" },
  limits: {
    options: {
      maxControlLineBytes: 100,
      maxPayloadBytes: 10,
      maxSubscriptions: 2,
      maxSubscriptionTokens: 3,
    },
    config: `max_control_line: 100, max_payload: 10, max_subscriptions: 2
      max_sub_tokens: 3`,
  },
  headless: {
    options: { noHeaderSupport: true },
    config: "no_header_support: true",
  },
  token: {
    options: {
      authorization: { users: [], token: "s3cr3t", timeoutMs: authTimeoutMs },
    },
    config: "authorization { token: s3cr3t, timeout: 60 }",
  },
  user: {
    options: {
      authorization: {
        users: [],
        user: "ann",
        password: "pw",
        timeoutMs: authTimeoutMs,
      },
    },
    config: "authorization { user: ann, password: pw, timeout: 60 }",
  },
  users: {
    options: {
      authorization: {
        users: [{ user: "ann", password: "pw" }, { user: "bob", password: "" }],
        timeoutMs: authTimeoutMs,
      },
    },
    config: `authorization { timeout: 60, users: [
      {user: ann, password: pw}, {user: bob, password: ""}] }`,
  },
  guests: {
    options: {
      authorization: {
        users: [{ user: "ann", password: "pw" }],
        timeoutMs: authTimeoutMs,
      },
      noAuthUser: "ann",
    },
    config: `authorization { timeout: 60, users: [{user: ann, password: pw}] }
      no_auth_user: ann`,
  },
};

/** The CONNECT of a client that wants to be told of nothing but trouble. */
const QUIET = 'CONNECT {"verbose":false,"pedantic":false}\r\n';
const PEDANTIC = 'CONNECT {"verbose":false,"pedantic":true}\r\n';
const VERBOSE = 'CONNECT {"verbose":true,"pedantic":false}\r\n';
const HEADERS =
  'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';

const UNKNOWN = "-ERR 'Unknown Protocol Operation'\r\n";
const VIOLATION = "-ERR 'Authorization Violation'\r\n";
const TOO_LONG = "-ERR 'maximum control line exceeded'\r\n";
const TOO_LARGE = "-ERR 'Maximum Payload Violation'\r\n";
/** The answer to a request to `a` that nobody serves, behind reply and sid. */
const NO_RESPONDERS = "33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n";

/** CONNECT with these fields, quiet unless they say otherwise. */
function connect(fields: Readonly<Record<string, unknown>>): string {
  const all = { verbose: false, pedantic: false, ...fields };
  return `CONNECT ${JSON.stringify(all)}\r\n`;
}

const SAYING_HELLO: readonly WireRow[] = [
  { name: "nothing is said to a quiet CONNECT", send: QUIET, expect: "" },
  {
    name: "CONNECT is understood in any case",
    send: 'cOnNeCt {"verbose":false,"pedantic":false}\r\nPING\r\n',
    expect: "PONG\r\n",
  },
  {
    name: "CONNECT needs no blank before its JSON",
    send: 'CONNECT{"verbose":false,"pedantic":false}\r\nPING\r\n',
    expect: "PONG\r\n",
  },
  {
    name: "CONNECT may be followed by blanks, tabs and LF alone",
    send: 'CONNECT \t {"verbose":false,"pedantic":false}\t \nPING\r\n',
    expect: "PONG\r\n",
  },
  {
    name: "fields of CONNECT match in any case, unknown ones are ignored",
    send:
      'CONNECT {"VERBOSE":false,"Pedantic":false,"__proto__":{"user":"x"},' +
      '"constructor":1,"more":[{}]}\r\nSUB a 1\r\n',
    expect: "",
  },
  {
    name: "null in CONNECT leaves the default",
    send: 'CONNECT {"verbose":null}\r\n',
    expect: "+OK\r\n",
  },
  {
    name: "verbose CONNECT gets +OK before PONG",
    send: `${VERBOSE}PING\r\n`,
    expect: "+OK\r\nPONG\r\n",
  },
  {
    name: "CONNECT without fields is verbose and pedantic",
    send: "CONNECT {}\r\nPUB a. 0\r\n\r\n",
    expect: "+OK\r\n-ERR 'Invalid Publish Subject'\r\n+OK\r\n",
  },
  {
    name: "a client without CONNECT is verbose and pedantic",
    send: "PING\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPUB b.* 0\r\n\r\nUNSUB 1\r\n",
    expect: "PONG\r\n+OK\r\n+OK\r\nMSG a 1 2\r\nhi\r\n" +
      "-ERR 'Invalid Publish Subject'\r\n+OK\r\n+OK\r\n",
  },
  {
    name: "a second CONNECT changes what it names and ends subscriptions",
    send: `${QUIET}SUB a 1\r\nCONNECT {"verbose":true}\r\nPUB a. 0\r\n\r\n` +
      'CONNECT {"verbose":false}\r\nPUB a 2\r\nhi\r\nSUB a 1\r\n' +
      "PUB a 2\r\nho\r\n",
    expect: "+OK\r\n+OK\r\nMSG a 1 2\r\nho\r\n",
  },
  ...[
    "",
    " ",
    " {",
    " []",
    " 7",
    ' {"protocol":1.0}',
    ' {"verbose":"no"}',
    ' {"user":7}',
  ].map(
    (json): WireRow => ({
      name: `CONNECT with the JSON "${json}" ends the connection in silence`,
      send: `CONNECT${json}\r\nPING\r\n`,
      expect: "",
      closed: ClosedReason.PROTOCOL_VIOLATION,
    }),
  ),
  {
    name: "protocol 0 is known",
    send: `${connect({ protocol: 0 })}PING\r\n`,
    expect: "PONG\r\n",
  },
  ...[2, -1].map((protocol): WireRow => ({
    name: `protocol ${protocol} is refused`,
    send: `${connect({ protocol })}PING\r\n`,
    expect: "-ERR 'invalid client protocol'\r\n",
    closed: ClosedReason.BAD_CLIENT_PROTOCOL,
  })),
  ...[{ account: "A" }, { new_account: true }].map((fields): WireRow => ({
    name: `CONNECT with ${JSON.stringify(fields)} is refused`,
    send: `${connect(fields)}PING\r\n`,
    expect: VIOLATION,
    closed: ClosedReason.AUTHENTICATION_FAILURE,
  })),
  {
    name: "credentials that nobody asked for do no harm",
    send: `${connect({ user: "x", pass: "y", auth_token: "z" })}PING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "no responders without headers is refused",
    send: `${connect({ no_responders: true })}PING\r\n`,
    expect: "-ERR 'no responders requires headers support'\r\n",
    closed: ClosedReason.NO_RESPONDERS_NEED_HEADERS,
  },
  {
    name: "no responders is refused by a server without headers",
    setup: "headless",
    send: `${HEADERS}PING\r\n`,
    expect: "-ERR 'no responders requires headers support'\r\n",
    closed: ClosedReason.NO_RESPONDERS_NEED_HEADERS,
  },
];

const VERBS_AND_LINES: readonly WireRow[] = [
  {
    name: "verbs are understood in any case, with LF alone",
    send: `${QUIET}sUb a 1\npUb a 2\nhi\r\nPiNg\nuNsUb 1\n`,
    expect: "MSG a 1 2\r\nhi\r\nPONG\r\n",
  },
  {
    name: "blanks and tabs divide and follow arguments",
    send: `${QUIET}SUB\t a \t q\t1 \t\r\nPUB \ta\t \tb 2 \t\r\nhi\r\n`,
    expect: "MSG a 1 b 2\r\nhi\r\n",
  },
  {
    name: "what follows PING, PONG and +OK is ignored",
    send: `${QUIET}PING foo\r\nPINGXYZ\r\nPONG bar\r\nPONG\r\n+OK then\r\n`,
    expect: "PONG\r\nPONG\r\n",
  },
  {
    name: "a lone CR divides the arguments of SUB",
    send: `${QUIET}SUB a\rq 1\r\nPUB a 2\r\nhi\r\n`,
    expect: "MSG a 1 2\r\nhi\r\n",
  },
  {
    name: "a lone CR does not divide the arguments of PUB",
    send: `${QUIET}PUB a 0\r\r\n\r\n`,
    expect: "",
    closed: ClosedReason.PROTOCOL_VIOLATION,
  },
  {
    name: "INFO from a client is read and forgotten",
    send: `${QUIET}INFO {"server_id":"x"}\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "INFO from a client must be JSON all the same",
    send: `${QUIET}INFO {\r\nPING\r\n`,
    expect: "",
    closed: ClosedReason.PROTOCOL_VIOLATION,
  },
  {
    name: "-ERR from a client ends its connection in silence",
    send: `${QUIET}-ERR 'I am sorry'\r\nPING\r\n`,
    expect: "",
    closed: ClosedReason.PARSE_ERROR,
  },
  ...[
    "ZZZ",
    "\r\nPING",
    " PING",
    "\tPING",
    "PUBS a 0",
    "SUBZZZ a 1",
    "PUB",
    "SUB",
    "UNSUB",
    "HPUB",
    "P",
    "PI",
    "GET / HTTP/1.1",
    "\x16\x03\x01\x02",
    "MSG a 1 2",
    "RMSG $G a 2",
    "LMSG $G a 2",
    "RS+ $G a",
    "LS+ a",
    "A+ $G",
  ].map((line): WireRow => ({
    name: `${JSON.stringify(line)} is no operation`,
    send: `${QUIET}${line}\r\n`,
    expect: UNKNOWN,
    closed: ClosedReason.PROTOCOL_VIOLATION,
  })),
  {
    name: "HMSG is no operation of a client",
    send: `${QUIET}HMSG a 1 2 2\r\nhi\r\n`,
    expect: UNKNOWN,
    closed: ClosedReason.PROTOCOL_VIOLATION,
  },
  ...[
    ["PUB a 2\r\nok\n", "ends with LF alone"],
    ["PUB a 2\r\nok!\r\n", "is too long"],
    ["PUB a 2\r\nok\rX", "ends with half a line end"],
  ].map(([lines, what]): WireRow => ({
    name: `a payload that ${what} is no operation`,
    send: `${QUIET}${lines}`,
    expect: UNKNOWN,
    closed: ClosedReason.PROTOCOL_VIOLATION,
  })),
  ...[
    "PUB \r\n",
    "PUB a\r\n",
    "PUB a b c 2\r\n",
    "PUB a x\r\n",
    "PUB a -1\r\n",
    "PUB a +5\r\n",
    "PUB a 1e3\r\n",
    "PUB a 0x10\r\n",
    "PUB a 1234567890\r\n",
    "PUB a 99999999999999999999\r\n",
    "SUB \r\n",
    "SUB a\r\n",
    "SUB a b c d\r\n",
    "UNSUB \r\n",
    "UNSUB 1 2 3\r\n",
    "HPUB \r\n",
    "HPUB a 2\r\n",
    "HPUB a b c 2 2\r\n",
    "HPUB a 3 2\r\n",
    "HPUB a x 2\r\n",
    "HPUB a 2 x\r\n",
    "HPUB a 2 1234567890\r\n",
  ].map((lines): WireRow => ({
    name: `${JSON.stringify(lines)} ends the connection in silence`,
    send: `${HEADERS}${lines}PING\r\n`,
    expect: "",
    closed: ClosedReason.PROTOCOL_VIOLATION,
  })),
  {
    name: "a line as long as the limit is taken",
    setup: "limits",
    send: `${QUIET}SUB a ${"s".repeat(98)}\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  ...[
    `SUB a ${"s".repeat(99)}\r\n`,
    `PUB ${"a".repeat(200)}`,
    `INFO {"x":"${"x".repeat(100)}"}\r\n`,
    `CONNECT {"name":"${"x".repeat(100)}"}\r\n`,
  ].map((line): WireRow => ({
    name: `a line longer than the limit is refused: ${line.slice(0, 9)}`,
    setup: "limits",
    send: `${QUIET}${line}`,
    expect: TOO_LONG,
    closed: ClosedReason.MAX_CONTROL_LINE,
  })),
];

const MESSAGES: readonly WireRow[] = [
  {
    name: "a message comes with subject, sid, reply and size",
    send: `${QUIET}SUB a.b s.1\r\nPUB a.b c.d 5\r\nhello\r\n`,
    expect: "MSG a.b s.1 c.d 5\r\nhello\r\n",
  },
  {
    name: "the size is echoed as it was written",
    send: `${QUIET}SUB a 1\r\nPUB a 02\r\nhi\r\nPUB a r 000000002\r\nhi\r\n`,
    expect: "MSG a 1 02\r\nhi\r\nMSG a 1 r 000000002\r\nhi\r\n",
  },
  {
    name: "a payload may be empty, or look like the protocol",
    send: `${QUIET}SUB a 1\r\nPUB a 0\r\n\r\nPUB a 6\r\nPING\r\n\r\n`,
    expect: "MSG a 1 0\r\n\r\nMSG a 1 6\r\nPING\r\n\r\n",
  },
  {
    name: "payload, subject, reply and sid may be any bytes",
    send: `${QUIET}SUB \x80\xff \xe4\r\nPUB \x80\xff r\xfe 4\r\n\0\r\n\xff\r\n`,
    expect: "MSG \x80\xff \xe4 r\xfe 4\r\n\0\r\n\xff\r\n",
  },
  {
    name: "each matching subscription of a connection gets its copy",
    send: `${QUIET}SUB a 1\r\nSUB a 2\r\nPUB a 2\r\nhi\r\n`,
    expect: "MSG a 1 2\r\nhi\r\nMSG a 2 2\r\nhi\r\n",
    anyOrder: true,
  },
  ...[
    ["a.*.c", "a.b.c"],
    ["*", "a"],
    [">", "a.b.c"],
    ["a.>", "a.b.c"],
    ["a.*.>", "a.b.c"],
    ["a*", "a*"],
    ["foo.bar,*,>,baz", "foo.bar,*,>,baz"],
    ["a.*", "a.>"],
    ["a.*", "a.*"],
  ].map(([pattern, subject]): WireRow => ({
    name: `"${pattern}" hears "${subject}"`,
    send: `${QUIET}SUB ${pattern} 1\r\nPUB ${subject} 2\r\nhi\r\n`,
    expect: `MSG ${subject} 1 2\r\nhi\r\n`,
  })),
  ...[
    ["a.*.c", "a.b.d"],
    ["*", "a.b"],
    ["a.>", "a"],
    ["a.b", "a"],
    ["a", "a.b"],
    ["a.*", "a.b.c"],
    ["a.b", "a.*"],
    [">", "a..b"],
    [">", ".a"],
    [">", "a."],
    ["a", "A"],
  ].map(([pattern, subject]): WireRow => ({
    name: `"${pattern}" does not hear "${subject}"`,
    send: `${QUIET}SUB ${pattern} 1\r\nPUB ${subject} 2\r\nhi\r\nPING\r\n`,
    expect: "PONG\r\n",
  })),
  ...["a.", ".a", "a..b", "a.>.b", ">.a", "."].map((subject): WireRow => ({
    name: `a subscription to "${subject}" is refused, the connection lives`,
    send: `${VERBOSE}SUB ${subject} 1\r\nPING\r\n`,
    expect: "+OK\r\n-ERR 'Invalid Subject'\r\nPONG\r\n",
  })),
  ...["a.*", "a.>", "*", ">", "a..b", "a.", ".a"].map((subject): WireRow => ({
    name: `a pedantic client is told that it published to "${subject}"`,
    send: `${PEDANTIC}PUB ${subject} 0\r\n\r\nPING\r\n`,
    expect: "-ERR 'Invalid Publish Subject'\r\nPONG\r\n",
  })),
  {
    name: "what a pedantic client was scolded for is delivered all the same",
    send: `${PEDANTIC}SUB a.* 1\r\nPUB a.> 2\r\nhi\r\n`,
    expect: "-ERR 'Invalid Publish Subject'\r\nMSG a.> 1 2\r\nhi\r\n",
  },
  {
    name: "a pedantic client's reply subject is not looked at",
    send: `${PEDANTIC}SUB a 1\r\nPUB a b.* 2\r\nhi\r\n`,
    expect: "MSG a 1 b.* 2\r\nhi\r\n",
  },
  {
    name: "a sid that is taken keeps its first subscription",
    send: `${VERBOSE}SUB a 1\r\nSUB b 1\r\nPUB b 0\r\n\r\nUNSUB 1\r\n`,
    expect: "+OK\r\n".repeat(5),
  },
  {
    name: "a sid that is taken is not checked again",
    send: `${QUIET}SUB a 1\r\nSUB b..c 1\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "a sid can be used again after UNSUB",
    send: `${QUIET}SUB a 1\r\nUNSUB 1\r\nSUB b 1\r\n` +
      "PUB a 0\r\n\r\nPUB b 0\r\n\r\n",
    expect: "MSG b 1 0\r\n\r\n",
  },
  {
    name: "nothing comes after UNSUB",
    send: `${QUIET}SUB a 1\r\nUNSUB 1\r\nPUB a 0\r\n\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "UNSUB of an unknown sid is fine",
    send: `${VERBOSE}UNSUB 7\r\nUNSUB 7 5\r\n`,
    expect: "+OK\r\n+OK\r\n+OK\r\n",
  },
  {
    name: "UNSUB with a maximum ends the subscription behind that message",
    send: `${QUIET}SUB a 1\r\nUNSUB 1 2\r\n` +
      "PUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n",
    expect: "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n",
  },
  {
    name: "a maximum counts from SUB on",
    send: `${QUIET}SUB a 1\r\nPUB a 1\r\n1\r\nUNSUB 1 2\r\n` +
      "PUB a 1\r\n2\r\nPUB a 1\r\n3\r\n",
    expect: "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n",
  },
  {
    name: "a maximum that is reached already ends the subscription at once",
    send: `${QUIET}SUB a 1\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\n` +
      "UNSUB 1 2\r\nPUB a 1\r\n3\r\n",
    expect: "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n",
  },
  {
    name: "a maximum can be raised",
    send: `${QUIET}SUB a 1\r\nUNSUB 1 1\r\nUNSUB 1 2\r\n` +
      "PUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n",
    expect: "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n",
  },
  ...["0", "x", "-1", "1234567890"].map((max): WireRow => ({
    name: `UNSUB with the maximum "${max}" ends the subscription at once`,
    send: `${VERBOSE}SUB a 1\r\nUNSUB 1 ${max}\r\nPUB a 0\r\n\r\n`,
    expect: "+OK\r\n".repeat(4),
  })),
  {
    name: "a client without echo does not hear itself",
    send: `${connect({ echo: false })}SUB a 1\r\nSUB a q 2\r\n` +
      "PUB a 0\r\n\r\nPING\r\n",
    expect: "PONG\r\n",
  },
  {
    name: "groups of one name are one group, whatever pattern they have",
    send: `${QUIET}SUB a q 1\r\nSUB a Q 2\r\nUNSUB 1\r\n` +
      "SUB > q 3\r\nPUB a 0\r\n\r\nUNSUB 3\r\nPUB a 0\r\n\r\n",
    expect: "MSG a 2 0\r\n\r\nMSG a 3 0\r\n\r\nMSG a 2 0\r\n\r\n",
    anyOrder: true,
  },
  {
    name: "messages and PONGs keep their order",
    send: `${QUIET}SUB a 1\r\nPUB a 1\r\n1\r\nPING\r\nPUB a 1\r\n2\r\nPING\r\n`,
    expect: "MSG a 1 1\r\n1\r\nPONG\r\nMSG a 1 1\r\n2\r\nPONG\r\n",
  },
];

const LIMITS: readonly WireRow[] = [
  {
    name: "a payload as large as the limit is taken",
    setup: "limits",
    send: `${QUIET}SUB a 1\r\nPUB a 10\r\n0123456789\r\n`,
    expect: "MSG a 1 10\r\n0123456789\r\n",
  },
  ...["11", "999999999"].map((size): WireRow => ({
    name: `a payload of ${size} bytes is refused before it is sent`,
    setup: "limits",
    send: `${QUIET}PUB a ${size}\r\n`,
    expect: TOO_LARGE,
    closed: ClosedReason.MAX_PAYLOAD,
  })),
  {
    name: "headers count for the payload's limit",
    setup: "limits",
    send: `${connect({ headers: true })}HPUB a 4 11\r\n`,
    expect: TOO_LARGE,
    closed: ClosedReason.MAX_PAYLOAD,
  },
  {
    name: "a subscription too many is refused, the connection lives",
    setup: "limits",
    send: `${VERBOSE}SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nUNSUB 1\r\nSUB c 3\r\n`,
    expect: "+OK\r\n+OK\r\n+OK\r\n" +
      "-ERR 'maximum subscriptions exceeded'\r\n+OK\r\n+OK\r\n",
  },
  {
    name: "the number of subscriptions is looked at before the subject",
    setup: "limits",
    send: `${QUIET}SUB a 1\r\nSUB b 2\r\nSUB c. 3\r\nSUB a 1\r\n`,
    expect: "-ERR 'maximum subscriptions exceeded'\r\n".repeat(2),
  },
  {
    name: "a subject with too many tokens is refused, the connection lives",
    setup: "limits",
    send: `${VERBOSE}SUB a.b.c 1\r\nSUB a.b.c.d 2\r\nSUB a.b.c.> q 3\r\n`,
    expect: "+OK\r\n+OK\r\n" +
      "-ERR 'Permissions Violation for Subscription to \"a.b.c.d\", too many tokens'\r\n" +
      "-ERR 'Permissions Violation for Subscription to \"a.b.c.>\", too many tokens'\r\n",
  },
  {
    name: "the queue group of the server itself is refused",
    send: `${VERBOSE}SUB a _sys_ 1\r\nSUB a _sys 1\r\n`,
    expect: "+OK\r\n" +
      `-ERR 'Permissions Violation for Subscription to "a" using queue "_sys_"'\r\n` +
      "+OK\r\n",
  },
  ...["_R_.x", "$JS.ACK.x", "_GR_.x"].map((reply): WireRow => ({
    name: `the reply subject "${reply}" is refused, the connection lives`,
    send: `${VERBOSE}SUB > 1\r\nPUB a ${reply} 2\r\nhi\r\nPING\r\n`,
    expect: "+OK\r\n+OK\r\n" +
      `-ERR 'Permissions Violation for Publish with Reply of "${reply}"'\r\n` +
      "PONG\r\n",
  })),
  {
    name: "subjects that only look reserved are fine",
    send: `${QUIET}SUB > 1\r\nPUB _GR_ _R_x 0\r\n\r\nPUB _GR _GR_ 0\r\n\r\n`,
    expect: "MSG _GR_ 1 _R_x 0\r\n\r\nMSG _GR 1 _GR_ 0\r\n\r\n",
  },
  {
    name: "nobody may publish to a gateway's reply subject",
    send: `${VERBOSE}SUB > 1\r\nPUB _GR_.x 2\r\nhi\r\nPING\r\n`,
    expect: "+OK\r\n+OK\r\n" +
      `-ERR 'Permissions Violation for Publish to "_GR_.x"'\r\nPONG\r\n`,
  },
  {
    name:
      "a subject that comes again reaches those who subscribe to it by then",
    send:
      `${QUIET}PUB a 1\r\n1\r\nSUB a 1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n` +
      "UNSUB 1\r\nPUB a 1\r\n4\r\nSUB * 2\r\nPUB a 1\r\n5\r\n",
    expect: "MSG a 1 1\r\n2\r\nMSG a 1 1\r\n3\r\nMSG a 2 1\r\n5\r\n",
  },
  {
    name: "subjects that begin alike are told apart",
    send: `${QUIET}SUB a 1\r\nSUB ab 2\r\nSUB abc 3\r\n` +
      ["a", "ab", "abc", "ab", "a", "a", "abc"]
        .map((subject) => `PUB ${subject} 0\r\n\r\n`).join(""),
    expect: ["a 1", "ab 2", "abc 3", "ab 2", "a 1", "a 1", "abc 3"]
      .map((line) => `MSG ${line} 0\r\n\r\n`).join(""),
  },
  {
    // Cut down to bytes, this letter would end the line.
    name: "an error names a subject in UTF-8",
    send: `${QUIET}PUB _GR_.\xc4\x8a 0\r\n\r\nPING\r\n`,
    expect:
      `-ERR 'Permissions Violation for Publish to "_GR_.\xc4\x8a"'\r\nPONG\r\n`,
  },
];

const HEADERS_AND_REQUESTS: readonly WireRow[] = [
  {
    name: "headers are delivered as they came",
    send: `${HEADERS}SUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n` +
      "HPUB a r 12 12\r\nNATS/1.0\r\n\r\n\r\n",
    expect: "HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n" +
      "HMSG a 1 r 12 12\r\nNATS/1.0\r\n\r\n\r\n",
  },
  {
    name: "headers are not looked at",
    send: `${HEADERS}SUB a 1\r\nHPUB a 5 7\r\nabcdehi\r\n`,
    expect: "HMSG a 1 5 7\r\nabcdehi\r\n",
  },
  {
    name: "no bytes of headers make a plain message",
    send: `${HEADERS}SUB a 1\r\nHPUB a 0 2\r\nhi\r\nHPUB a r 0 0\r\n\r\n`,
    expect: "MSG a 1 2\r\nhi\r\nMSG a 1 r 0\r\n\r\n",
  },
  {
    name: "HPUB without headers in CONNECT ends the connection in silence",
    send: `${QUIET}HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n`,
    expect: "",
    closed: ClosedReason.PROTOCOL_VIOLATION,
  },
  {
    name: "HPUB to a server without headers ends the connection in silence",
    setup: "headless",
    send: `${connect({ headers: true })}HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n`,
    expect: "",
    closed: ClosedReason.PROTOCOL_VIOLATION,
  },
  {
    name: "a request that nobody takes is answered with 503",
    send: `${HEADERS}SUB r.* 1\r\nPUB a r.1 0\r\n\r\n` +
      "HPUB a r.2 12 12\r\nNATS/1.0\r\n\r\n\r\n",
    expect: `HMSG r.1 1 ${NO_RESPONDERS}` +
      `HMSG r.2 1 ${NO_RESPONDERS}`,
  },
  {
    name: "503 comes behind +OK",
    send: connect({ verbose: true, headers: true, no_responders: true }) +
      "SUB r 1\r\nPUB a r 0\r\n\r\n",
    expect: `+OK\r\n+OK\r\n+OK\r\nHMSG r 1 ${NO_RESPONDERS}`,
  },
  {
    name: "503 goes to one subscription only",
    send: `${HEADERS}SUB r 1\r\nSUB r 1\r\nPUB a r 0\r\n\r\nPING\r\n`,
    expect: `HMSG r 1 ${NO_RESPONDERS}PONG\r\n`,
  },
  {
    name: "503 does not count for a maximum",
    send: `${HEADERS}SUB r 1\r\nUNSUB 1 1\r\nPUB a r 0\r\n\r\n` +
      "PUB a r 0\r\n\r\nPUB r 0\r\n\r\nPUB a r 0\r\n\r\n",
    expect: `HMSG r 1 ${NO_RESPONDERS}`.repeat(2) +
      "MSG r 1 0\r\n\r\n",
  },
  {
    name: "503 is for those who asked for it",
    send: `${connect({ headers: true })}SUB r 1\r\nPUB a r 0\r\n\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "503 needs a plain subscription on the reply subject",
    send: `${HEADERS}SUB r q 1\r\nPUB a r 0\r\n\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "a publish without a reply subject gets no 503",
    send: `${HEADERS}SUB r 1\r\nPUB a 0\r\n\r\nPING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "a request that only its own sender without echo could take gets 503",
    send: connect({ headers: true, no_responders: true, echo: false }) +
      "SUB a 1\r\nSUB r 2\r\nPUB a r 0\r\n\r\n",
    expect: `HMSG r 2 ${NO_RESPONDERS}`,
  },
];

const refused = {
  expect: VIOLATION,
  closed: ClosedReason.AUTHENTICATION_FAILURE,
} as const;

/** The same rows for each way to say who one is. */
function logins(
  setup: SetupName,
  right: readonly Readonly<Record<string, unknown>>[],
  wrong: readonly Readonly<Record<string, unknown>>[],
): WireRow[] {
  return [
    ...right.map((fields): WireRow => ({
      name: `${setup}: ${JSON.stringify(fields)} comes in`,
      setup,
      send: `${connect(fields)}PING\r\n`,
      expect: "PONG\r\n",
    })),
    ...wrong.map((fields): WireRow => ({
      name: `${setup}: ${JSON.stringify(fields)} does not come in`,
      setup,
      send: `${connect(fields)}PING\r\n`,
      ...refused,
    })),
  ];
}

const LOGINS: readonly WireRow[] = [
  ...logins(
    "token",
    [{ auth_token: "s3cr3t" }, { auth_token: "s3cr3t", user: "x", pass: "y" }],
    [
      {},
      { auth_token: "" },
      { auth_token: "s3cr3" },
      { auth_token: "s3cr3tt" },
      { auth_token: "S3CR3T" },
      { user: "s3cr3t" },
      { pass: "s3cr3t" },
      { user: "", pass: "s3cr3t", nkey: "x", sig: "y", jwt: "z" },
    ],
  ),
  ...logins(
    "user",
    [{ user: "ann", pass: "pw" }],
    [
      {},
      { user: "ann" },
      { user: "ann", pass: "" },
      { user: "ann", pass: "PW" },
      { user: "Ann", pass: "pw" },
      { pass: "pw" },
      { auth_token: "pw" },
    ],
  ),
  ...logins(
    "users",
    [{ user: "ann", pass: "pw" }, { user: "bob" }, { user: "bob", pass: "" }],
    [
      {},
      { user: "ann", pass: "" },
      { user: "bob", pass: "pw" },
      { user: "eve", pass: "pw" },
      { user: "__proto__", pass: "" },
      { user: "constructor" },
    ],
  ),
  ...logins(
    "guests",
    [{}, { user: "", pass: "" }, { user: "ann", pass: "pw" }],
    [
      { user: "ann" },
      { user: "ann", pass: "x" },
      { user: "eve" },
      { auth_token: "x" },
      { pass: "x" },
    ],
  ),
  ...["PING\r\n", "PUB a 0\r\n\r\n", "SUB a 1\r\n", "ZZZ\r\n", "\r\n"].map(
    (line): WireRow => ({
      name: `${JSON.stringify(line)} before the login is a violation`,
      setup: "token",
      send: line,
      ...refused,
    }),
  ),
  {
    name: "the first wrong letter before the login is a violation",
    setup: "token",
    send: "P",
    ...refused,
  },
  {
    name: "a line too long before the login is a violation",
    setup: "token",
    send: `SUB ${"a".repeat(400)}`,
    ...refused,
  },
  {
    name: "a second CONNECT is checked like the first",
    setup: "token",
    send: connect({ auth_token: "s3cr3t" }) + connect({ auth_token: "x" }),
    ...refused,
  },
  {
    name: "a second CONNECT without credentials keeps those of the first",
    setup: "token",
    send: `${connect({ auth_token: "s3cr3t" })}${connect({})}PING\r\n`,
    expect: "PONG\r\n",
  },
  {
    name: "a guest needs no CONNECT",
    setup: "guests",
    send: "SUB a 1\r\nPUB a 0\r\n\r\nPING\r\n",
    expect: "+OK\r\n+OK\r\nMSG a 1 0\r\n\r\nPONG\r\n",
  },
  {
    name: "a guest that speaks nonsense is told so",
    setup: "guests",
    send: "ZZZ\r\n",
    expect: UNKNOWN,
    closed: ClosedReason.PROTOCOL_VIOLATION,
  },
];

export const WIRE_ROWS: readonly WireRow[] = [
  ...SAYING_HELLO,
  ...VERBS_AND_LINES,
  ...MESSAGES,
  ...LIMITS,
  ...HEADERS_AND_REQUESTS,
  ...LOGINS,
];
