/** The answers of a WebSocket port to requests that do not become one, as Go's HTTP server writes them. */
import { asciiBytes } from "../core/ascii.ts";
import { redirectOf } from "../http/clean_path.ts";
import type { HttpRefusal } from "./http_refusal.ts";
import type { RequestHead } from "./request_head.ts";
import type { UpgradeRefusal } from "./upgrade.ts";

/** Bytes to send, and whether the connection ends behind them. */
export interface PortAnswer {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

type Headers = readonly (readonly [name: string, value: string])[];

interface Plain {
  readonly status: string;
  readonly headers: Headers;
  /** Without it no length is told. */
  readonly body?: string;
  readonly closes?: boolean;
}

const TEXT: readonly [string, string] = [
  "Content-Type",
  "text/plain; charset=utf-8",
];
const NOT_SNIFFED: readonly [string, string] = [
  "X-Content-Type-Options",
  "nosniff",
];

/** To what is no request. */
export function refusalReply({ status, body }: HttpRefusal): PortAnswer {
  const lines = [`HTTP/1.1 ${status}`, line(TEXT), "Connection: close"];
  return {
    bytes: asciiBytes(`${lines.join("\r\n")}\r\n\r\n${body}`),
    isLast: true,
  };
}

/** To a request that may not become a WebSocket. */
export function noUpgradeReply(
  head: RequestHead,
  { status }: UpgradeRefusal,
  now: number,
): PortAnswer {
  const body = `${status.slice(4)}\n`;
  const headers: Headers = [
    TEXT,
    ["Sec-Websocket-Version", "13"],
    NOT_SNIFFED,
  ];
  return reply(head, { status, headers, body }, now);
}

/** To a request that no WebSocket could come of, whatever it says; undefined: it may. */
export function otherReply(
  head: RequestHead,
  now: number,
): PortAnswer | undefined {
  const { method, path } = head;
  const expected = head.headers.first("expect").toLowerCase();
  if (expected !== "" && expected !== "100-continue") {
    const status = "417 Expectation Failed";
    return reply(head, { status, headers: [], body: "", closes: true }, now);
  }
  if (path === "*") {
    if (method === "OPTIONS") {
      const headers: Headers = [["Content-Length", "0"]];
      return reply(head, { status: "200 OK", headers }, now);
    }
    const status = "400 Bad Request";
    return reply(head, { status, headers: [], body: "", closes: true }, now);
  }
  if (method === "CONNECT") {
    const body = "404 page not found\n";
    const headers = [TEXT, NOT_SNIFFED];
    return reply(head, { status: "404 Not Found", headers, body }, now);
  }
  return redirectReply(head, now);
}

function redirectReply(head: RequestHead, now: number): PortAnswer | undefined {
  const answer = redirectOf(head);
  if (answer === undefined) return undefined;
  const location = ["Location", answer.headers["Location"]!] as const;
  const headers: Headers = answer.body === ""
    ? [location]
    : [["Content-Type", "text/html; charset=utf-8"], location];
  const status = "307 Temporary Redirect";
  return reply(head, { status, headers, body: answer.body }, now);
}

/** The answer that makes a connection a WebSocket. */
export function upgradeReply(headers: Headers): Uint8Array {
  const lines = ["HTTP/1.1 101 Switching Protocols", ...headers.map(line)];
  return asciiBytes(`${lines.join("\r\n")}\r\n\r\n`);
}

function reply(
  head: RequestHead,
  { status, headers, body, closes = false }: Plain,
  now: number,
): PortAnswer {
  const { method, minorVersion } = head;
  const wanted = head.headers.tokens("connection");
  const isOld = minorVersion === 0;
  const isKept = isOld && wanted.includes("keep-alive");
  const isLast = closes || wanted.includes("close") || isOld && !isKept ||
    head.bodyBytes === Infinity;
  const saysClose = closes || !isOld && wanted.includes("close");
  const lines = [
    `HTTP/1.${isOld ? 0 : 1} ${status}`,
    ...headers.map(line),
    ...(closes ? ["Connection: close"] : []),
    `Date: ${new Date(now).toUTCString()}`,
    ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
    ...(saysClose && !closes ? ["Connection: close"] : []),
    ...(isKept && !isLast ? ["Connection: keep-alive"] : []),
  ];
  const shown = method === "HEAD" ? "" : body ?? "";
  const bytes = asciiBytes(`${lines.join("\r\n")}\r\n\r\n${shown}`);
  return { bytes, isLast };
}

function line([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}
