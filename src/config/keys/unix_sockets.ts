/**
 * Readers of places to listen that may be unix sockets: one place or a list,
 * `["127.0.0.1:4222", "unix:///run/midge.sock"]`, and who may connect to them.
 */
import { isUnixUrl, parseUnixUrl } from "../../net/unix_url.ts";
import { UrlError } from "../../net/url.ts";
import { formatMode } from "../../core/file_mode.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import { FlagError } from "../flags/flags.ts";
import { goType, quote } from "./complaints.ts";
import { type ListenAddress, listenAddress, type Reader } from "./readers.ts";

/** Where to listen. */
export interface ListenPlaces {
  /** Undefined: no port is named. */
  readonly address: ListenAddress | undefined;
  /** The paths of unix sockets. */
  readonly sockets: readonly string[];
}

const WRITTEN = "string | number | readonly string[]";

/** A port, `host:port`, a unix socket, or a list with one port at most. */
export const listenPlaces: Reader<ListenPlaces> = {
  kind: "port, host:port, `unix:///path`, or list of them",
  type: WRITTEN,
  written: WRITTEN,
  port: "address",
  read(entry, report) {
    const { value, at, key } = entry;
    const isList = value.kind === "array" && value.items.length > 0;
    const items = isList ? value.items : [value];
    const addresses: ListenAddress[] = [];
    const sockets: string[] = [];
    let isGood = true;
    for (const item of items) {
      const one = { ...entry, value: item };
      if (item.kind === "string" && isUnixUrl(item.value)) {
        const path = socketPath(item.value, at, report);
        if (path === undefined) isGood = false;
        else if (!sockets.includes(path)) sockets.push(path);
        continue;
      }
      const address = listenAddress.read(one, report);
      if (address === undefined) isGood = false;
      else addresses.push(address);
    }
    if (addresses.length > 1) {
      const text = `${key} takes one host:port, besides unix sockets`;
      report.error(at, text);
      isGood = false;
    }
    return isGood ? { address: addresses[0], sockets } : undefined;
  },
};

function socketPath(
  text: string,
  at: Position,
  report: Report,
): string | undefined {
  try {
    return parseUnixUrl(text).path;
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    report.error(at, `cannot listen at ${quote(text)}: ${error.message}`);
    return undefined;
  }
}

/** What a flag names: hosts and unix sockets, divided by commas. Throws FlagError. */
export function flagPlaces(
  text: string,
): { readonly hosts: string[]; readonly sockets: string[] } {
  const parts = text.split(",").map((part) => part.trim());
  return {
    hosts: parts.filter((part) => !isUnixUrl(part)),
    sockets: parts.filter(isUnixUrl).map(flagPath),
  };
}

function flagPath(text: string): string {
  try {
    return parseUnixUrl(text).path;
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new FlagError(`cannot listen at ${quote(text)}: ${error.message}`);
  }
}

/** The mode of a file, in octal digits. */
export const fileMode: Reader<number> = {
  kind: "octal digits in quotes",
  type: "number",
  written: "string",
  read({ key, at, value }: ConfigEntry, report: Report) {
    const text = value.kind === "string" ? value.value : "";
    if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
    // A number would be decimal in one dialect, and octal in another.
    const got = value.kind === "string" ? quote(text) : goType(value);
    report.error(
      at,
      `${key} takes octal digits in quotes, such as "${
        formatMode(0o660)
      }", not ${got}`,
    );
    return undefined;
  },
};
