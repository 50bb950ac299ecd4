/**
 * What a message that came from another stream tells of its origin.
 *
 * NATS JetStream (`Nats-Stream-Source`): `<stream> <sequence> <filters>
 * <destinations> <subject> <identity>`, filters and destinations of several
 * transforms with a form feed between them. The last of these headers of a source
 * says where its copy goes on.
 */
import { asciiBytes, byteString, utf8ByteString } from "../../core/ascii.ts";
import { shortHash } from "../../core/short_hash.ts";
import { withHeaders } from "../stream/header_block.ts";
import type { SourceConfig } from "../stream/stream_config.ts";

const HEADER = "Nats-Stream-Source";
/** Lines that were said to the origin alone. */
const SAID_THERE = /^Nats-(?:Expected-|Batch-)/;
/** And what told of the origin's own origin. */
const TOLD_THERE = /^Nats-(?:Expected-|Batch-|Stream-Source:)/;
/** The line of the version, and two empty ones. */
const BARE_LINES = 3;
const BETWEEN = "\f";
const ANY = ">";
const NO_BYTES = new Uint8Array(0);

/** Where a copy stands in one of its origins. */
export interface SourcePlace {
  readonly seq: number;
  /** Of the origin, as it names itself; empty: it does not. */
  readonly identity: string;
}

/** The words by which a source is told from the others of its stream; byte strings. */
export interface SourceName {
  readonly stream: string;
  readonly filters: string;
  readonly destinations: string;
}

/** NATS JetStream: a source of another account or domain has a hash of its API's prefix in its name. */
export function sourceName(
  { name, external, filter_subject, subject_transforms = [] }: SourceConfig,
): SourceName {
  const has = external !== undefined && external.api !== "";
  const filters = subject_transforms.map(({ src }) => src || ANY);
  const destinations = subject_transforms.map(({ dest }) => dest || ANY);
  return {
    stream: utf8ByteString(
      has ? `${name}:${shortHash(utf8ByteString(external.api))}` : name,
    ),
    filters: utf8ByteString(
      filter_subject || filters.join(BETWEEN) || ANY,
    ),
    destinations: utf8ByteString(destinations.join(BETWEEN) || ANY),
  };
}

/** One text for a source, the same as `placeIn` gives for its messages. */
export function sourceKey(
  { stream, filters, destinations }: SourceName,
): string {
  return `${stream} ${filters} ${destinations}`;
}

/** `headers` of a message at `place` of an origin, as its copy has them. `subject`: there. */
export function sourcedHeaders(
  headers: Uint8Array,
  name: SourceName,
  { seq, identity }: SourcePlace,
  subject: string,
): Uint8Array {
  const { stream, filters, destinations } = name;
  const words = [stream, seq, filters, destinations, subject];
  if (identity !== "") words.push(identity);
  return withHeaders(without(headers, TOLD_THERE), [
    `${HEADER}: ${words.join(" ")}`,
  ]);
}

/** `headers` as a mirror has them: what was said to the origin alone is left out. */
export function mirroredHeaders(headers: Uint8Array): Uint8Array {
  return without(headers, SAID_THERE);
}

function without(headers: Uint8Array, dropped: RegExp): Uint8Array {
  if (headers.length === 0) return headers;
  const text = byteString(headers, 0, headers.length);
  if (!text.includes("\nNats-")) return headers;
  const lines = text.split("\r\n");
  const kept = lines.filter((line) => !dropped.test(line));
  if (kept.length === lines.length) return headers;
  return kept.length <= BARE_LINES ? NO_BYTES : asciiBytes(kept.join("\r\n"));
}

/** The source that a header's value names, and the place; undefined: it makes no sense. */
export function placeIn(
  value: string,
): { readonly key: string; readonly place: SourcePlace } | undefined {
  const [stream, seq, filters, destinations, _subject, identity = ""] = value
    .split(" ");
  if (destinations === undefined || !/^\d+$/.test(seq ?? "")) return undefined;
  return {
    key: `${stream} ${filters} ${destinations}`,
    place: { seq: Number(seq), identity },
  };
}
