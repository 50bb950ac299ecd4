/** Messages of a consumer that are none of its stream: a status, perhaps with headers. */
import { asciiBytes } from "../../core/ascii.ts";

/** A block of headers with a status line; `headers` are byte strings. */
export function statusBlock(
  status: string,
  headers: Readonly<Record<string, string | number>> = {},
): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  return asciiBytes(`NATS/1.0 ${status}\r\n${lines.join("")}\r\n`);
}
