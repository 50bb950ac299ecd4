/**
 * The arguments of the lines by which interest comes and goes: SUB and UNSUB of
 * clients, RS+ and RS- of routes. Malformed arguments end the connection
 * without an `-ERR`, as nats-server does.
 */
import { byteString, readDecimal } from "../core/ascii.ts";
import { type MapKey, mapKeyOfBytes } from "../core/map_key.ts";
import { malformed } from "./args.ts";
import { Words } from "./words.ts";

/** What SUB says; all texts are byte strings. Borrowed until the next SUB is read. */
export interface SubArgs {
  readonly subject: string;
  /** Empty for a plain subscription. */
  readonly queue: string;
  readonly sid: MapKey;
}

/** What UNSUB says. */
export interface UnsubArgs {
  readonly sid: MapKey;
  /** The subscription ends after this many messages since SUB; 0: now. */
  readonly max: number;
}

/** What RS+ and RS- say; all texts are byte strings. */
export interface RouteInterestArgs {
  readonly account: string;
  readonly subject: string;
  /** Empty for plain interest. */
  readonly queue: string;
  /** Members of the queue group; 1 for plain interest, 0 for RS-. */
  readonly weight: number;
}

/** These serve all connections: nothing in them outlives a call. */
const words = new Words();

const sub: { -readonly [Key in keyof SubArgs]: SubArgs[Key] } = {
  subject: "",
  queue: "",
  sid: 0,
};

/** `<subject> [queue] <sid>`. */
export function readSub(
  buffer: Uint8Array,
  start: number,
  end: number,
): SubArgs {
  const count = words.split(buffer, start, end);
  if (count < 2 || count > 3) throw malformed("SUB");
  sub.subject = word(buffer, 0);
  sub.queue = count === 3 ? word(buffer, 1) : "";
  sub.sid = key(buffer, count - 1);
  return sub;
}

/** `<sid> [max]`. */
export function readUnsub(
  buffer: Uint8Array,
  start: number,
  end: number,
): UnsubArgs {
  const count = words.split(buffer, start, end);
  if (count < 1 || count > 2) throw malformed("UNSUB");
  return {
    sid: key(buffer, 0),
    max: count === 2 ? number(buffer, 1) : 0,
  };
}

/** `<account> <subject> [<queue> <weight>]`. */
export function readRouteInterest(
  buffer: Uint8Array,
  start: number,
  end: number,
): RouteInterestArgs {
  const count = words.split(buffer, start, end);
  if (count !== 2 && count !== 4) throw malformed("RS+");
  return {
    account: word(buffer, 0),
    subject: word(buffer, 1),
    queue: count === 4 ? word(buffer, 2) : "",
    weight: count === 4 ? Math.max(number(buffer, 3), 0) : 1,
  };
}

/** `<origin> <account> <subject> [<queue> <weight>]`: throws when it is something else. */
export function readLeafInterest(
  buffer: Uint8Array,
  start: number,
  end: number,
): void {
  const count = words.split(buffer, start, end);
  if (count !== 3 && count !== 5) throw malformed("LS+");
}

/** `<account> <subject> [queue]`. */
export function readRouteInterestEnd(
  buffer: Uint8Array,
  start: number,
  end: number,
): RouteInterestArgs {
  const count = words.split(buffer, start, end);
  if (count !== 2 && count !== 3) throw malformed("RS-");
  return {
    account: word(buffer, 0),
    subject: word(buffer, 1),
    queue: count === 3 ? word(buffer, 2) : "",
    weight: 0,
  };
}

function word(buffer: Uint8Array, index: number): string {
  return byteString(buffer, words.starts[index]!, words.ends[index]!);
}

function key(buffer: Uint8Array, index: number): MapKey {
  return mapKeyOfBytes(buffer, words.starts[index]!, words.ends[index]!);
}

/** Negative when the word is no number. */
function number(buffer: Uint8Array, index: number): number {
  return readDecimal(buffer, words.starts[index]!, words.ends[index]!);
}
