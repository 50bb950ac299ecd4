/**
 * Comparing secrets without telling, by the time that it takes, how much of a
 * guess was right.
 */

const utf8 = new TextEncoder();

/** Takes the same time wherever the two differ. */
export function sameSecret(given: string, expected: string): boolean {
  const a = utf8.encode(given);
  const b = utf8.encode(expected);
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    difference |= a[i]! ^ (b[i % b.length] ?? 0);
  }
  return difference === 0;
}
