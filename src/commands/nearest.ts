/** Guesses which word was meant when one was mistyped. */

/**
 * The known word that `word` becomes with the fewest changed letters, at most a
 * third of them; otherwise one that begins with `word`.
 */
export function nearest(
  word: string,
  known: readonly string[],
): string | undefined {
  const slipMax = Math.max(1, Math.floor(word.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, changes: distance(word, candidate) }))
    .filter(({ changes }) => changes <= slipMax)
    .sort((one, other) => one.changes - other.changes);
  return ranked[0]?.candidate ??
    known.find((candidate) => word.length > 1 && candidate.startsWith(word));
}

/** The number of letters to insert, remove, change or swap with the next one. */
export function distance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = row > 1 && column > 1 &&
        from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[column - 2]! + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
