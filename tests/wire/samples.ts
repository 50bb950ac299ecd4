/** Valid operations of each dialect, with the event that each must give. */
import {
  CLIENT,
  type Dialect,
  FAST_CLIENT,
  FAST_ROUTE,
  LIBRARY,
  ROUTE,
} from "./recorder.ts";

export interface Sample {
  /** The bytes, as a byte string. */
  readonly wire: string;
  /** What a `Recorder` writes down for it. */
  readonly event: string;
}

function message(wire: string, fields: string, rest: string): Sample {
  const verb = wire.slice(0, wire.search(/[ \t]/)).toUpperCase();
  return { wire, event: `${verb} ${fields} rest=${JSON.stringify(rest)}` };
}

const COMMON: readonly Sample[] = [
  { wire: "PING\r\n", event: "PING" },
  { wire: "PONG\r\n", event: "PONG" },
  { wire: "+OK\r\n", event: "+OK" },
  { wire: "-ERR 'Some Text'\r\n", event: "-ERR 'Some Text'" },
  { wire: "-ERR \r\n", event: "-ERR" },
  { wire: 'INFO {"port":4222} \r\n', event: 'INFO {"port":4222}' },
  { wire: "PING\n", event: "PING" },
  { wire: "pong foo\tbar\r\n", event: "PONG" },
  { wire: "PINGXYZ\r\n", event: "PING" },
];

const HEADERS = "NATS/1.0\r\n\r\n";
const HEADERS_TEXT = JSON.stringify(HEADERS);

const CLIENT_SAMPLES: readonly Sample[] = [
  ...COMMON,
  { wire: 'CONNECT {"echo":true}\r\n', event: 'CONNECT {"echo":true}' },
  { wire: 'CONNECT{"echo":true}\r\n', event: 'CONNECT {"echo":true}' },
  { wire: 'connect \t {"echo":true}  \n', event: 'CONNECT {"echo":true}' },
  { wire: "SUB foo 1\r\n", event: "SUB foo 1" },
  { wire: "SUB foo.> workers sid.1\r\n", event: "SUB foo.> workers sid.1" },
  { wire: "sub\tfoo\tq\t1\n", event: "SUB foo\tq\t1" },
  { wire: "UNSUB 1\r\n", event: "UNSUB 1" },
  { wire: "UNSUB 1 5 \r\n", event: "UNSUB 1 5" },
  message("PUB foo 2\r\nhi\r\n", "subject=foo", "2\r\nhi\r\n"),
  message("PUB foo bar 2\r\nhi\r\n", "subject=foo reply=bar", "2\r\nhi\r\n"),
  message("PUB foo 0\r\n\r\n", "subject=foo", "0\r\n\r\n"),
  message("PUB foo 4\r\n\r\n\r\n\r\n", "subject=foo", "4\r\n\r\n\r\n\r\n"),
  message("PUB foo 6\r\nPING\r\n\r\n", "subject=foo", "6\r\nPING\r\n\r\n"),
  message(
    "PUB \x80\xff 3\r\n\0\xfe\n\r\n",
    "subject=\x80\xff",
    "3\r\n\0\xfe\n\r\n",
  ),
  message(
    "pUb\t foo\t \tbar  2  \nhi\r\n",
    "subject=foo reply=bar",
    "2\r\nhi\r\n",
  ),
  message("PUB foo 02\r\nhi\r\n", "subject=foo", "02\r\nhi\r\n"),
  message(
    `HPUB foo 12 14\r\n${HEADERS}hi\r\n`,
    `subject=foo headers=${HEADERS_TEXT}`,
    `12 14\r\n${HEADERS}hi\r\n`,
  ),
  message(
    `HPUB foo bar 12 12\r\n${HEADERS}\r\n`,
    `subject=foo reply=bar headers=${HEADERS_TEXT}`,
    `12 12\r\n${HEADERS}\r\n`,
  ),
  message("HPUB foo 0 2\r\nhi\r\n", 'subject=foo headers=""', "0 2\r\nhi\r\n"),
];

const ROUTE_SAMPLES: readonly Sample[] = [
  ...COMMON,
  { wire: 'CONNECT {"cluster":"C1"}\r\n', event: 'CONNECT {"cluster":"C1"}' },
  { wire: "RS+ $G foo\r\n", event: "RS+ $G foo" },
  { wire: "rs+ $G foo q 2\r\n", event: "RS+ $G foo q 2" },
  { wire: "RS- $G foo q\r\n", event: "RS- $G foo q" },
  { wire: "LS+ leaf $G foo\r\n", event: "LS+ leaf $G foo" },
  { wire: "LS- $G foo\r\n", event: "LS- $G foo" },
  { wire: "A+ $G\r\n", event: "A+ $G" },
  { wire: "a- $G\r\n", event: "A- $G" },
  { wire: "SUB foo RSID:1:2\r\n", event: "SUB foo RSID:1:2" },
  message("RMSG $G foo 2\r\nhi\r\n", "account=$G subject=foo", "2\r\nhi\r\n"),
  message(
    "RMSG $G foo bar 2\r\nhi\r\n",
    "account=$G subject=foo reply=bar",
    "2\r\nhi\r\n",
  ),
  message(
    "RMSG $G foo | q1 q2 2\r\nhi\r\n",
    "account=$G subject=foo queues=q1,q2",
    "2\r\nhi\r\n",
  ),
  message(
    "rmsg\t$G  foo + bar q1 q2 \t2 \nhi\r\n",
    "account=$G subject=foo queues=q1,q2 reply=bar",
    "2\r\nhi\r\n",
  ),
  message(
    `HMSG $G foo + bar q1 12 14\r\n${HEADERS}hi\r\n`,
    `account=$G subject=foo queues=q1 reply=bar headers=${HEADERS_TEXT}`,
    `12 14\r\n${HEADERS}hi\r\n`,
  ),
];

const LIBRARY_SAMPLES: readonly Sample[] = [
  ...COMMON,
  message("MSG foo 1 2\r\nhi\r\n", "subject=foo sid=1", "2\r\nhi\r\n"),
  message(
    "MSG foo 1 bar 2\r\nhi\r\n",
    "subject=foo sid=1 reply=bar",
    "2\r\nhi\r\n",
  ),
  message(
    `HMSG foo 1 12 12\r\n${HEADERS}\r\n`,
    `subject=foo sid=1 headers=${HEADERS_TEXT}`,
    `12 12\r\n${HEADERS}\r\n`,
  ),
  message(
    `HMSG foo 1 bar 12 14\r\n${HEADERS}hi\r\n`,
    `subject=foo sid=1 reply=bar headers=${HEADERS_TEXT}`,
    `12 14\r\n${HEADERS}hi\r\n`,
  ),
];

export const SAMPLES: ReadonlyMap<Dialect, readonly Sample[]> = new Map([
  [CLIENT, CLIENT_SAMPLES],
  [FAST_CLIENT, CLIENT_SAMPLES],
  [ROUTE, ROUTE_SAMPLES],
  [FAST_ROUTE, ROUTE_SAMPLES],
  [LIBRARY, LIBRARY_SAMPLES],
]);
