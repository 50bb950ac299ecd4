/**
 * How far sequences of messages go: numbers are exact up to 2^53, so a stream may
 * be told to go on at half of that, and has as many sequences behind it.
 */
const START_MAX = 2 ** 52;

/** Why a stream cannot go on at `seq`; undefined: it can. */
export function startFault(seq: number): string | undefined {
  return seq > START_MAX
    ? `a stream can not go on beyond the sequence ${START_MAX}`
    : undefined;
}
