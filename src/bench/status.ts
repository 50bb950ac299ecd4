/** The status of a message without a payload, such as 503, from its headers. */
import type { LoadReader } from "./load_reader.ts";

const VERSION = "NATS/1.0 ";

/** 0 where there is none. */
export function statusOf(
  { bytes, bodyStart, headerSize }: LoadReader,
): number {
  if (headerSize < VERSION.length + 3) return 0;
  for (let at = 0; at < VERSION.length; at++) {
    if (bytes[bodyStart + at] !== VERSION.charCodeAt(at)) return 0;
  }
  let status = 0;
  for (let at = 0; at < 3; at++) {
    status = 10 * status + bytes[bodyStart + VERSION.length + at]! - 0x30;
  }
  return status > 0 ? status : 0;
}
