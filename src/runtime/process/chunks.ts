/** Data that came in pieces, in one piece. */

/** A copy of all chunks, `length` bytes together. */
export function joined(
  chunks: readonly Uint8Array[],
  length: number,
): Uint8Array {
  const all = new Uint8Array(length);
  let end = 0;
  for (const chunk of chunks) {
    all.set(chunk, end);
    end += chunk.length;
  }
  return all;
}
