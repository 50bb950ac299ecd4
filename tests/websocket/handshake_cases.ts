/**
 * Requests to a WebSocket port, and what nats-server 2.15.3 answers: its bytes,
 * but for the date, and whether it hangs up. `handshake_test.ts` holds Midge to
 * them, `tests/compat/websocket_handshake_test.ts` the real one.
 */
import { requestText } from "./hand_socket.ts";

export interface HandshakeCase {
  readonly title: string;
  readonly request: string;
  /** Up to INFO; `DATE` stands for the date. */
  readonly answer: string;
  readonly hangsUp: boolean;
  /** What the log says behind `websocket handshake error: `. */
  readonly log?: string;
}

/** Headers that the port is configured with. */
export const EXTRA_HEADERS: readonly (readonly [string, string])[] = [
  ["X-Mine", "abc"],
  ["A-Second", "q"],
];

const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const CRLF = "\r\n";

function lines(...all: readonly string[]): string {
  return all.join(CRLF) + CRLF + CRLF;
}

function granted(...agreed: readonly string[]): string {
  return lines(
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${ACCEPT}`,
    ...agreed,
    ...EXTRA_HEADERS.map(([name, value]) => `${name}: ${value}`),
  );
}

function refused(
  status: string,
  {
    version = "1.1",
    close = false,
    isHead = false,
  }: {
    readonly version?: string;
    readonly close?: boolean;
    readonly isHead?: boolean;
  } = {},
): string {
  const body = `${status.slice(4)}\n`;
  return lines(
    `HTTP/${version} ${status}`,
    "Content-Type: text/plain; charset=utf-8",
    "Sec-Websocket-Version: 13",
    "X-Content-Type-Options: nosniff",
    "Date: DATE",
    `Content-Length: ${body.length}`,
    ...(close ? ["Connection: close"] : []),
  ) + (isHead ? "" : body);
}

function noHttp(status: string, body: string = status): string {
  return lines(
    `HTTP/1.1 ${status}`,
    "Content-Type: text/plain; charset=utf-8",
    "Connection: close",
  ) + body;
}

function redirected(path: string): string {
  const body = `<a href="${path}">Temporary Redirect</a>.\n\n`;
  return lines(
    "HTTP/1.1 307 Temporary Redirect",
    "Content-Type: text/html; charset=utf-8",
    `Location: ${path}`,
    "Date: DATE",
    `Content-Length: ${body.length}`,
  ) + body;
}

function closing(status: string): string {
  return lines(
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Date: DATE",
    "Content-Length: 0",
  );
}

function withLine(line: string): string {
  return requestText({}, line);
}

/** The usual request with one more line at its end. */
function withHeader(line: string): string {
  return `${requestText().slice(0, -2)}${line}${CRLF}${CRLF}`;
}

const BAD = refused("400 Bad Request");
const NO_REQUEST = noHttp("400 Bad Request");
const BAD_NAME = noHttp("400 Bad Request: invalid header name");
const BAD_HOST = noHttp("400 Bad Request: malformed Host header");
const DEFLATE =
  "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover";

type Row = readonly [title: string, request: string, answer?: string];

const GRANTED: readonly Row[] = [
  ["the usual request", requestText()],
  ["any path", withLine("GET /a/b?x=/mqtt HTTP/1.1")],
  ["an absolute URL", withLine("GET http://h/x HTTP/1.1")],
  ["escapes in the path", withLine("GET /a%2f%2fb HTTP/1.1")],
  ["HTTP 1.0", withLine("GET / HTTP/1.0")],
  ["HTTP 1.2", withLine("GET / HTTP/1.2")],
  ["lines without a carriage return", requestText().replaceAll(CRLF, "\n")],
  ["a header in two lines", withHeader("foo: x\r\n y")],
  ["a value in UTF-8", withHeader("foo: \xc3\xa9")],
  ["lists of tokens", requestText({ Upgrade: "foo, WebSocket" })],
  ["tokens in any case", requestText({ Connection: "keep-alive, uPgrade" })],
  ["close and upgrade", requestText({ Connection: "close, upgrade" })],
  [
    "several versions",
    requestText({ "Sec-WebSocket-Version": "8, 13" }),
  ],
  ["one header in two", withHeader("Upgrade: foo")],
  ["two keys", withHeader("Sec-WebSocket-Key: eHhoZSBzYW1wbGUgbm9uY2U=")],
  ["an empty body", withHeader("Content-Length: 0")],
  ["a body that comes later", withHeader("Content-Length: 5")],
  ["a body in chunks", withHeader("Transfer-Encoding: chunked")],
  ["an expectation that is met", withHeader("Expect: 100-continue")],
  ["an origin that nobody asked for", withHeader("Origin: null")],
  ["a subprotocol", withHeader("Sec-WebSocket-Protocol: nats")],
  [
    "compression among other offers",
    requestText({
      "Sec-WebSocket-Extensions":
        "foo, permessage-deflate; client_max_window_bits",
    }),
    granted(DEFLATE),
  ],
  [
    "no masking",
    requestText({ "Nats-No-Masking": "true" }),
    granted("Nats-No-Masking: true"),
  ],
  ["no masking in other words", requestText({ "Nats-No-Masking": "TRUE" })],
  [
    "both",
    requestText({
      "Nats-No-Masking": "true",
      "Sec-WebSocket-Extensions": "permessage-deflate",
    }),
    granted(DEFLATE, "Nats-No-Masking: true"),
  ],
];

const MQTT = "mqtt websocket endpoint not enabled";
const METHOD = "request method must be GET";
const UPGRADE = "invalid value for header 'Upgrade'";
const CONNECTION = "invalid value for header 'Connection'";
const KEY = "invalid websocket key";
const VERSION = "invalid version";
const HOST = "'Host' missing in request";
const NOT_ALLOWED = refused("405 Method Not Allowed");

type Refusal = readonly [
  title: string,
  request: string,
  answer: string,
  log: string,
];

const REFUSED: readonly Refusal[] = [
  ["MQTT", withLine("GET /mqtt HTTP/1.1"), refused("404 Not Found"), MQTT],
  [
    "MQTT below",
    withLine("POST /a/mqtt HTTP/1.1"),
    refused("404 Not Found"),
    MQTT,
  ],
  ["POST", withLine("POST / HTTP/1.1"), NOT_ALLOWED, METHOD],
  [
    "a body",
    `${requestText({ "Content-Length": "3" }, "POST / HTTP/1.1")}abc`,
    NOT_ALLOWED,
    METHOD,
  ],
  [
    "HEAD",
    withLine("HEAD / HTTP/1.1"),
    refused("405 Method Not Allowed", { isHead: true }),
    METHOD,
  ],
  ["OPTIONS", withLine("OPTIONS / HTTP/1.1"), NOT_ALLOWED, METHOD],
  ["a method in lower case", withLine("get / HTTP/1.1"), NOT_ALLOWED, METHOD],
  ["an empty host", requestText({ Host: "" }), BAD, HOST],
  ["no upgrade", requestText({ Upgrade: undefined }), BAD, UPGRADE],
  ["another upgrade", requestText({ Upgrade: "foo" }), BAD, UPGRADE],
  ["no connection", requestText({ Connection: undefined }), BAD, CONNECTION],
  [
    "no key",
    requestText({ "Sec-WebSocket-Key": undefined }),
    BAD,
    "key missing",
  ],
  ["a bad key", requestText({ "Sec-WebSocket-Key": "abc" }), BAD, KEY],
  [
    "a short key",
    requestText({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j" }),
    BAD,
    KEY,
  ],
  [
    "no version",
    requestText({ "Sec-WebSocket-Version": undefined }),
    BAD,
    VERSION,
  ],
  [
    "an old version",
    requestText({ "Sec-WebSocket-Version": "8" }),
    BAD,
    VERSION,
  ],
  [
    "a request behind one that was refused",
    requestText({ Upgrade: undefined }) + requestText(),
    BAD + granted(),
    UPGRADE,
  ],
];

const HUNG_UP: readonly Refusal[] = [
  [
    "close",
    requestText({ Connection: "close" }),
    refused("400 Bad Request", { close: true }),
    CONNECTION,
  ],
  [
    "HTTP 1.0 without a host",
    requestText({ Host: undefined }, "GET / HTTP/1.0"),
    refused("400 Bad Request", { version: "1.0" }),
    HOST,
  ],
  [
    "data behind the request",
    `${requestText()}x`,
    "",
    "client sent data before handshake is complete",
  ],
];

const NO_HTTP: readonly Row[] = [
  ["words", "hello\r\n\r\n", NO_REQUEST],
  ["NATS", "CONNECT {}\r\nPING\r\n\r\n", NO_REQUEST],
  ["TLS", "\x16\x03\x01\x00\x01\x00\r\n\r\n", NO_REQUEST],
  ["a blank line first", `\r\n${requestText()}`, NO_REQUEST],
  ["a path without a slash", withLine("GET abc HTTP/1.1"), NO_REQUEST],
  ["a broken escape", withLine("GET /%zz HTTP/1.1"), NO_REQUEST],
  ["no version of HTTP", withLine("GET / HTTP/x"), NO_REQUEST],
  ["a line without a colon", withHeader("foo"), NO_REQUEST],
  ["a header without a name", withHeader(": x"), NO_REQUEST],
  ["a control character", withHeader("foo: x\x01y"), NO_REQUEST],
  ["a zero", withHeader("foo: x\x00y"), NO_REQUEST],
  ["a carriage return", withHeader("foo: a\rb"), NO_REQUEST],
  ["a blank in a name", withHeader("fo o: x"), BAD_NAME],
  ["a blank behind a name", withHeader("foo : x"), BAD_NAME],
  ["two hosts", withHeader("Host: x"), NO_REQUEST],
  ["a host with a blank", requestText({ Host: "a b" }), BAD_HOST],
  ["a host with a path", requestText({ Host: "a/b" }), BAD_HOST],
  [
    "no host",
    requestText({ Host: undefined }),
    noHttp("400 Bad Request: missing required Host header"),
  ],
  [
    "HTTP 2.0",
    withLine("GET / HTTP/2.0"),
    noHttp("505 HTTP Version Not Supported: unsupported protocol version"),
  ],
  [
    "another encoding",
    withHeader("Transfer-Encoding: foo"),
    noHttp("501 Not Implemented", "Unsupported transfer encoding"),
  ],
  ["a length that is none", withHeader("Content-Length: x"), NO_REQUEST],
  [
    "another expectation",
    withHeader("Expect: foo"),
    closing("417 Expectation Failed"),
  ],
  [
    "the preface of HTTP 2",
    "PRI * HTTP/2.0\r\n\r\n",
    closing("400 Bad Request"),
  ],
  ["the whole server", withLine("GET * HTTP/1.1"), closing("400 Bad Request")],
];

const ELSEWHERE: readonly Row[] = [
  ["two slashes", withLine("GET //x HTTP/1.1"), redirected("/x")],
  ["dots", withLine("GET /a/../b?q=1 HTTP/1.1"), redirected("/b?q=1")],
  ["a dot", withLine("GET /./ HTTP/1.1"), redirected("/")],
  ["a slash at the end", withLine("GET /a//b/ HTTP/1.1"), redirected("/a/b/")],
  [
    "two slashes in a URL",
    withLine("GET http://h//x HTTP/1.1"),
    redirected("/x"),
  ],
  [
    "two slashes for POST",
    withLine("POST //x HTTP/1.1"),
    lines(
      "HTTP/1.1 307 Temporary Redirect",
      "Location: /x",
      "Date: DATE",
      "Content-Length: 0",
    ),
  ],
  [
    "a tunnel",
    withLine("CONNECT h:80 HTTP/1.1"),
    lines(
      "HTTP/1.1 404 Not Found",
      "Content-Type: text/plain; charset=utf-8",
      "X-Content-Type-Options: nosniff",
      "Date: DATE",
      "Content-Length: 19",
    ) + "404 page not found\n",
  ],
  [
    "the options of the whole server",
    withLine("OPTIONS * HTTP/1.1"),
    lines("HTTP/1.1 200 OK", "Content-Length: 0", "Date: DATE"),
  ],
];

function rows(all: readonly Row[], hangsUp: boolean): HandshakeCase[] {
  return all.map(([title, request, answer = granted()]) => ({
    title,
    request,
    answer,
    hangsUp,
  }));
}

function refusals(all: readonly Refusal[], hangsUp: boolean): HandshakeCase[] {
  return all.map(([title, request, answer, log]) => ({
    title,
    request,
    answer,
    hangsUp,
    log,
  }));
}

export const HANDSHAKE_CASES: readonly HandshakeCase[] = [
  ...rows(GRANTED, false),
  ...refusals(REFUSED, false),
  ...refusals(HUNG_UP, true),
  ...rows(NO_HTTP, true),
  ...rows(ELSEWHERE, false),
];
