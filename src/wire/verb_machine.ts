/**
 * The verbs as a state machine over bytes: `NEXT[state << 8 | byte]`. States
 * below `FIRST_FINAL` are prefixes; `FIRST_FINAL + op` means that the verb of
 * `op` was read.
 */
import { VERBS } from "./ops.ts";

/** No verb begins like this. */
export const DEAD = 0;
export const START = 1;

const machine = buildVerbMachine();
export const NEXT: Uint8Array = machine.next;
export const FIRST_FINAL: number = machine.firstFinal;

function buildVerbMachine(): { next: Uint8Array; firstFinal: number } {
  const prefixes = new Set(VERBS.flatMap(({ verb }) => properPrefixes(verb)));
  const stateOf = new Map(
    [...prefixes].map((text, index) => [text, START + index]),
  );
  const firstFinal = START + prefixes.size;
  VERBS.forEach(({ verb }, op) => stateOf.set(verb, firstFinal + op));

  const next = new Uint8Array(firstFinal << 8);
  for (const [text, state] of stateOf) {
    if (text === "") continue;
    const before = stateOf.get(text.slice(0, -1))! << 8;
    const letter = text.slice(-1);
    next[before | letter.charCodeAt(0)] = state;
    next[before | letter.toLowerCase().charCodeAt(0)] = state;
  }
  return { next, firstFinal };
}

/** "", "P" and "PU" for "PUB". */
function properPrefixes(verb: string): string[] {
  return Array.from(verb, (_, length) => verb.slice(0, length));
}
