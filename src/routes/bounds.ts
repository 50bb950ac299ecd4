/**
 * How much a peer may tell. All that a peer says of itself is kept, told to
 * every client and passed on to every other server, so it is bounded where it
 * comes in: what is more, or makes no sense, is left out.
 */
import { parseAddress } from "../net/address.ts";
import type { ServerInfo } from "../wire/info.ts";

/** Client addresses of one peer. */
const CLIENT_URLS_MAX = 64;
/** Characters of all of them together. */
const CLIENT_URLS_CHARS_MAX = 4096;
/** Characters of any other text. */
const TEXT_CHARS_MAX = 512;

/** Connections to the route port that are no routes yet: for more, the oldest one ends. */
export const NEWCOMERS_MAX = 256;
/** Servers that are dialled at one time because others told of them. */
export const TOLD_SERVERS_MAX = 256;

/** Subjects of what a peer takes; only whether they change counts. */
const SUBJECTS_MAX = 256;

/** What counts of a peer's INFO. */
export function boundedInfo(
  { import: _, export: taken, ...info }: ServerInfo,
): ServerInfo {
  const entries = Object.entries(info).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, TEXT_CHARS_MAX) : value,
  ]);
  return {
    ...Object.fromEntries(entries) as ServerInfo,
    connect_urls: boundedUrls(info.connect_urls ?? []),
    ...(info.ws_connect_urls !== undefined &&
      { ws_connect_urls: boundedUrls(info.ws_connect_urls) }),
    ...(taken !== undefined && {
      export: {
        ...(taken.allow !== undefined && { allow: bounded(taken.allow) }),
        ...(taken.deny !== undefined && { deny: bounded(taken.deny) }),
      },
    }),
  };
}

function bounded(subjects: readonly string[]): string[] {
  return subjects.slice(0, SUBJECTS_MAX)
    .map((subject) => subject.slice(0, TEXT_CHARS_MAX));
}

/** Each address once, in their order, up to the first that is too much. */
function boundedUrls(urls: readonly string[]): string[] {
  const kept = new Set<string>();
  let chars = 0;
  for (const url of urls) {
    if (kept.has(url) || parseAddress(url)?.port === undefined) continue;
    chars += url.length;
    if (kept.size === CLIENT_URLS_MAX || chars > CLIENT_URLS_CHARS_MAX) break;
    kept.add(url);
  }
  return [...kept];
}
