/** NATS JetStream: a client may say which level of the API its request needs. */
import { API_LEVEL } from "../../core/version.ts";
import type { Message } from "../../wire/message.ts";
import {
  type PublishHeaders,
  publishHeaders,
} from "../stream/publish_headers.ts";

/** How a request is answered that has no error of its own. */
export const LEVEL_STATUS = "412 Required Api Level";

/** Whether the server is of the level that a request needs. */
export function hasLevel(
  { bodyBuffer, payloadStart, headerSize }: Message,
): boolean {
  if (headerSize <= 0) return true;
  const block = bodyBuffer.subarray(payloadStart, payloadStart + headerSize);
  return isLevelKnown(publishHeaders(block));
}

/** As `hasLevel`, for a message whose headers have been read. */
export function isLevelKnown(headers: PublishHeaders): boolean {
  const level = headers.get("Nats-Required-Api-Level");
  return level === undefined || level === "" ||
    (/^-?\d+$/.test(level) && Number(level) <= API_LEVEL);
}
