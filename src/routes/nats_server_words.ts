/**
 * Where nats-server reads the line of a routed message differently: it ends a
 * word at a CR, as in any line, while a subject here may hold one. The words
 * that come of such a subject could end the route, so it is kept off the wire.
 */
import { CR } from "../core/ascii.ts";
import type { Message } from "../wire/message.ts";

/** Whether nats-server would cut the message's line into other words. */
export function isCutElsewhere(message: Message): boolean {
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  const { replyBuffer, replyStart, replyEnd } = message;
  return holdsCr(subjectBuffer, subjectStart, subjectEnd) ||
    holdsCr(replyBuffer, replyStart, replyEnd);
}

function holdsCr(buffer: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at] === CR) return true;
  return false;
}
