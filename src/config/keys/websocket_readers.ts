/** Readers of the values in a `websocket` block, with nats-server's words for what is wrong. */
import { durationProblem, parseDuration } from "../../core/duration.ts";
import { quoted } from "../../core/quote.ts";
import { requestUri } from "../../net/request_uri.ts";
import { goType, quote } from "./complaints.ts";
import { type Reader, strings } from "./readers.ts";

export const allowedOrigins: Reader<string[]> = {
  ...strings,
  kind: "origin or list of origins",
  read: (entry, report) =>
    strings.read({ ...entry, key: "allowed origins" }, report),
};

/** Milliseconds; a whole number is seconds, and none that is not positive holds. */
export const handshakeTimeout: Reader<number> = {
  kind: "seconds or duration",
  type: "number",
  written: "number | string",
  unit: "ms",
  read({ at, value }, report) {
    let ms: number | undefined;
    if (value.kind === "integer") ms = value.value * 1000;
    else if (value.kind === "string") {
      ms = parseDuration(value.value);
      if (ms === undefined) report.error(at, durationProblem(value.value));
    } else {
      const type = goType(value);
      report.error(
        at,
        `error parsing handshake timeout: unsupported type ${type}`,
      );
    }
    return ms !== undefined && ms > 0 ? ms : undefined;
  },
};

/** What a header of HTTP may be called, and may say. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

export const headerMap: Reader<Record<string, string>> = {
  kind: "map of strings",
  type: "Readonly<Record<string, string>>",
  written: "Readonly<Record<string, string>>",
  read({ at, value }, report) {
    if (value.kind !== "map") {
      const type = goType(value);
      report.error(at, `error parsing headers: unsupported type ${type}`);
      return undefined;
    }
    const read: Record<string, string> = {};
    for (const { key, at, value: header } of value.entries.values()) {
      const problem = header.kind !== "string"
        ? `unsupported type ${goType(header)}`
        : headerProblem(key, header.value);
      if (problem !== undefined) {
        report.error(at, `error parsing header key ${key}: ${problem}`);
      } else if (header.kind === "string") read[key] = header.value;
    }
    return read;
  },
};

function headerProblem(name: string, value: string): string | undefined {
  if (!HEADER_NAME.test(name)) return "no name of a header";
  return HEADER_VALUE.test(value) ? undefined : "no value of a header";
}

/** Headers that the handshake itself has. */
const OWN_HEADERS = [
  "host",
  "content-length",
  "connection",
  "upgrade",
  "nats-no-masking",
];

/** Why the answer may not have the header `name`; undefined: it may. */
export function forbiddenHeader(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower.startsWith("sec-websocket-")) {
    return `${quote(name)}, "Sec-WebSocket-" prefix not allowed`;
  }
  return OWN_HEADERS.includes(lower) ? `${quote(name)} not allowed` : undefined;
}

/** What is wrong with an origin, behind "unable to parse allowed origin"; undefined: nothing. */
export function originProblem(text: string): string | undefined {
  const uri = requestUri(text);
  if (typeof uri === "string") return `: ${uri}`;
  const { scheme, authority } = uri;
  if (!/^https?$/.test(scheme)) {
    return ` ${quoted(text)}: allowed origins must be absolute URLs with ` +
      "http or https scheme";
  }
  return authority === "" ? ` ${quoted(text)}: host is required` : undefined;
}
