/**
 * Requests of other servers' clients that name the domain, and those of the server
 * itself. What clients of this server ask is mapped before it comes here.
 */
import type { InternalClient } from "../../accounts/internal.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { withinDomain } from "../domain.ts";

/** Hears what is asked of `domain`, a byte string, and asks it here, and here alone. */
export function hearDomain(client: InternalClient, domain: string): void {
  client.subscribe(`$JS.${domain}.API.>`, "", (message) => {
    const subject = withinDomain(subjectOf(message), domain);
    return subject !== undefined && askHere(client, subject, message);
  });
}

function askHere(
  client: InternalClient,
  subject: string,
  message: Message,
): boolean {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const payloadFrom = payloadStart + Math.max(0, headerSize);
  const heard = client.publish(
    subject,
    bodyBuffer.subarray(payloadFrom, bodyEnd - 2),
    {
      reply: replyOf(message),
      isForHere: true,
      ...(headerSize > 0 && {
        headers: bodyBuffer.subarray(payloadStart, payloadFrom),
      }),
    },
  );
  return heard > 0;
}
