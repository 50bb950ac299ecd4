/** Standard input as one piece of data, for programs at the end of a pipe. */
import process from "node:process";
import { joined } from "./chunks.ts";

/**
 * All that comes until it ends, byte for byte. Throws when that is more than
 * `limitBytes`.
 */
export async function readStandardInput(
  limitBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > limitBytes) {
      throw new Error(`standard input is longer than ${limitBytes} bytes`);
    }
    chunks.push(bytes);
  }
  return joined(chunks, length);
}
