/**
 * `RS+` and `RS-`: the lines in which one server tells another what its
 * clients want.
 *
 * NATS route protocol: `RS+ account subject [queue weight]`, the weight being
 * the number of members of the queue group; `RS- account subject [queue]`.
 */
import { asciiBytes, byteString, readDecimal } from "../core/ascii.ts";
import { malformed } from "../wire/args.ts";
import { Words } from "../wire/words.ts";

/** What one line says. */
export interface InterestLine {
  readonly account: string;
  readonly subject: string;
  /** Empty: plain interest. */
  readonly queue: string;
  /** Members of the queue group; 1 for plain interest, and for `RS-`. */
  readonly weight: number;
}

/** Filled and read within one call. */
const words = new Words();

/** The arguments of `RS+` in `buffer[start, end)`. */
export function readInterestAdded(
  buffer: Uint8Array,
  start: number,
  end: number,
): InterestLine {
  const count = words.split(buffer, start, end);
  if (count !== 2 && count !== 4) throw malformed("RS+");
  const weight = count === 4
    ? readDecimal(buffer, words.starts[3]!, words.ends[3]!)
    : 1;
  return lineIn(buffer, count, Math.max(weight, 0));
}

/** The arguments of `RS-` in `buffer[start, end)`. */
export function readInterestRemoved(
  buffer: Uint8Array,
  start: number,
  end: number,
): InterestLine {
  const count = words.split(buffer, start, end);
  if (count !== 2 && count !== 3) throw malformed("RS-");
  return lineIn(buffer, count, 1);
}

function lineIn(
  buffer: Uint8Array,
  count: number,
  weight: number,
): InterestLine {
  const account = wordAt(buffer, 0);
  const subject = wordAt(buffer, 1);
  const queue = count > 2 ? wordAt(buffer, 2) : "";
  return { account, subject, queue, weight };
}

function wordAt(buffer: Uint8Array, index: number): string {
  return byteString(buffer, words.starts[index]!, words.ends[index]!);
}

/** `RS+` or, with no members left, `RS-`. */
export function interestLine(
  account: string,
  subject: string,
  queue: string,
  members: number,
): Uint8Array {
  if (members === 0) {
    const group = queue === "" ? "" : ` ${queue}`;
    return asciiBytes(`RS- ${account} ${subject}${group}\r\n`);
  }
  const group = queue === "" ? "" : ` ${queue} ${members}`;
  return asciiBytes(`RS+ ${account} ${subject}${group}\r\n`);
}
