/**
 * One JSON value a line, out of a body that comes in pieces. A line may be cut
 * anywhere, also within a character, and is bounded.
 */

const NEWLINE = 10;

/** The values, as their lines come to an end. Throws an `Error` for a line that is too long or no JSON. */
export async function* jsonLines(
  body: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<unknown, void> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      const part = end < 0 ? rest : rest.subarray(0, end);
      length += part.length;
      if (length > lineBytesMax) {
        throw new Error(`a line is longer than ${lineBytesMax} bytes`);
      }
      if (part.length > 0) held.push(part);
      if (end < 0) break;
      yield* valueOf(held);
      held = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
  }
  yield* valueOf(held);
}

function* valueOf(parts: readonly Uint8Array[]): Generator<unknown, void> {
  const decoder = new TextDecoder();
  const text = parts.map((part) => decoder.decode(part, { stream: true }))
    .join("") + decoder.decode();
  if (text.trim() === "") return;
  try {
    yield JSON.parse(text);
  } catch {
    throw new Error("a line is not JSON");
  }
}
