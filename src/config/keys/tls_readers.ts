/** Readers of the values in a `tls` block, with nats-server's words for what is wrong. */
import { durationProblem, parseDuration } from "../../core/duration.ts";
import type { TlsVerification } from "../../options/tls.ts";
import type { TlsVersion } from "../../platform/socket.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type { Report } from "../dialect/diagnostic.ts";
import { described, goType, quote } from "./complaints.ts";
import { boolean, type Reader, string } from "./readers.ts";

const PARSING = "error parsing tls config";

/** Says what a value should be. */
function expected(
  { key, at }: ConfigEntry,
  what: string,
  report: Report,
): undefined {
  report.error(at, `${PARSING}, expected '${key.toLowerCase()}' to be ${what}`);
}

export const tlsSwitch: Reader<boolean> = {
  ...boolean,
  read(entry, report) {
    const { value } = entry;
    if (value.kind === "boolean") return value.value;
    return expected(entry, "a boolean", report);
  },
};

export const tlsFile: Reader<string> = {
  ...string,
  kind: "file",
  read(entry, report) {
    const { value } = entry;
    if (value.kind === "string") return value.value;
    return expected(entry, "filename", report);
  },
};

export const verification: Reader<TlsVerification> = {
  kind: "boolean or optional",
  type: "TlsVerification",
  written: 'boolean | "optional"',
  read(entry, report) {
    const { value } = entry;
    if (value.kind === "boolean") return value.value;
    if (value.kind === "string" && value.value.toLowerCase() === "optional") {
      return "optional";
    }
    return expected(entry, "a boolean or 'optional'", report);
  },
};

/** Milliseconds; a number is seconds. */
export const tlsTimeout: Reader<number> = {
  kind: "seconds or duration",
  type: "number",
  written: "number | string",
  unit: "ms",
  read({ at, value }, report) {
    if (value.kind === "integer" || value.kind === "float") {
      return value.value * 1000;
    }
    if (value.kind !== "string") {
      report.error(at, `${PARSING}, 'timeout' wrong type`);
      return undefined;
    }
    const ms = parseDuration(value.value);
    if (ms === undefined) {
      const why = durationProblem(value.value);
      report.error(at, `${PARSING}, 'timeout' ${why}`);
    }
    return ms;
  },
};

export const rateLimit: Reader<number> = {
  kind: "integer",
  type: "number",
  written: "number",
  read({ at, value }, report) {
    if (value.kind === "integer") return Math.max(0, value.value);
    report.error(at, `${PARSING}, 'connection_rate_limit' wrong type`);
    return undefined;
  },
};

const VERSIONS: Readonly<Record<string, TlsVersion>> = {
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};

export const tlsVersion: Reader<TlsVersion> = {
  kind: '`"1.2"` or `"1.3"`',
  type: "TlsVersion",
  written: '"1.2" | "1.3"',
  read({ at, value }, report) {
    if (value.kind !== "string") {
      report.error(
        at,
        `${PARSING}: 'min_version' wrong type: ${described(value)}`,
      );
      return undefined;
    }
    const version = VERSIONS[value.value];
    if (version !== undefined) return version;
    const isOld = /^1\.[01]$/.test(value.value);
    report.error(
      at,
      isOld
        ? `${PARSING}: unsupported TLS version: TLS ${value.value}`
        : `${PARSING}: unknown version: ${value.value}`,
    );
    return undefined;
  },
};

/** A list of names that must be known; `unknown` begins the error for another. */
export function knownNames(
  key: string,
  known: readonly string[],
  unknown: string,
): Reader<string[]> {
  return {
    kind: "list of names",
    type: "string[]",
    written: "readonly string[]",
    read({ at, value }, report) {
      if (value.kind !== "array") {
        report.error(
          at,
          `${PARSING}, expected '${key}' to be a list, got ${goType(value)}`,
        );
        return undefined;
      }
      if (value.items.length === 0) {
        report.error(at, `${PARSING}, '${key}' cannot be empty`);
      }
      return value.items.flatMap((item) => {
        if (item.kind === "string" && known.includes(item.value)) {
          return [item.value];
        }
        const name = item.kind === "string" ? item.value : described(item);
        report.error(item.at, `${unknown} ${name}`);
        return [];
      });
    },
  };
}

const FINGERPRINTS =
  "a list of hex-encoded sha256 of DER encoded SubjectPublicKeyInfo";

export const pinnedCerts: Reader<string[]> = {
  kind: "list of SHA-256 in hexadecimal digits",
  type: "string[]",
  written: "readonly string[]",
  read(entry, report) {
    const { value } = entry;
    if (value.kind !== "array") return expected(entry, FINGERPRINTS, report);
    return value.items.flatMap((item) => {
      const text = item.kind === "string" ? item.value : described(item);
      if (/^[0-9a-f]{64}$/i.test(text)) return [text.toLowerCase()];
      report.error(
        item.at,
        `${PARSING}, 'pinned_certs' key ${text} does not look like ` +
          "hex-encoded sha256 of DER encoded SubjectPublicKeyInfo",
      );
      return [];
    });
  },
};

/** Whether the handshake comes first, and until when it is waited for; 0: for ever. */
export interface HandshakeFirst {
  readonly isOn: boolean;
  readonly fallbackMs: number;
}

/** How long nats-server waits where it is to find out what the client does. */
const AUTO_FALLBACK_MS = 50;

export const handshakeFirst: Reader<HandshakeFirst> = {
  kind: "boolean, auto or duration",
  type: "boolean",
  written: "boolean | string",
  read({ key, at, value }, report) {
    const field = `field ${quote(key.toLowerCase())}`;
    if (value.kind === "boolean") return { isOn: value.value, fallbackMs: 0 };
    if (value.kind !== "string") {
      report.error(
        at,
        `${field} should be a boolean or a string, got ${goType(value)}`,
      );
      return undefined;
    }
    const word = value.value.toLowerCase();
    if (word === "true" || word === "on") return { isOn: true, fallbackMs: 0 };
    if (word === "false" || word === "off") {
      return { isOn: false, fallbackMs: 0 };
    }
    if (word === "auto" || word === "auto_fallback") {
      return { isOn: true, fallbackMs: AUTO_FALLBACK_MS };
    }
    const fallbackMs = parseDuration(value.value);
    if (fallbackMs !== undefined) {
      return { isOn: true, fallbackMs: Math.max(0, fallbackMs) };
    }
    report.error(at, `${field}'s value ${quote(value.value)} is invalid`);
    return undefined;
  },
};
