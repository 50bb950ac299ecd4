/**
 * Messages that are published on one subject and show another: a stream's, which
 * go to an inbox and show the subject that they are stored under. Servers
 * pass both on to each other.
 *
 * NATS route protocol: such a message travels on the subject that it is
 * published on, with the other one behind its reply subject: `$JS.ACK...@orders.1`.
 */
import { asciiBytes } from "../core/ascii.ts";
import { Message } from "./message.ts";
import { copyParts, setReply, setSubject } from "./rewrite.ts";

const AT = 0x40;
const PREFIX = asciiBytes("$JS.ACK.");

/** `message` as it goes to other servers: on the subject that it is published on. */
export function asRouted(message: Message): Message {
  const { publishedOn, replyBuffer, replyStart, replyEnd } = message;
  if (publishedOn === undefined) return message;
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  const reply = replyBuffer.subarray(replyStart, replyEnd);
  const subject = subjectBuffer.subarray(subjectStart, subjectEnd);
  const routed = new Message();
  copyParts(message, routed);
  setSubject(routed, publishedOn);
  if (reply.length === 0) return routed;
  const both = new Uint8Array(reply.length + 1 + subject.length);
  both.set(reply);
  both[reply.length] = AT;
  both.set(subject, reply.length + 1);
  setReply(routed, both);
  return routed;
}

/** `message`, which came from another server, as clients are to see it; undefined: as it is. */
export function asShown(message: Message): Message | undefined {
  const { replyBuffer, replyStart, replyEnd } = message;
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  if (replyEnd - replyStart <= PREFIX.length) return undefined;
  for (let i = 0; i < PREFIX.length; i++) {
    if (replyBuffer[replyStart + i] !== PREFIX[i]) return undefined;
  }
  const at = replyBuffer.lastIndexOf(AT, replyEnd - 1);
  if (at <= replyStart || at === replyEnd - 1) return undefined;
  const shown = new Message();
  copyParts(message, shown);
  setSubject(shown, replyBuffer.slice(at + 1, replyEnd));
  setReply(shown, replyBuffer.slice(replyStart, at));
  shown.publishedOn = subjectBuffer.slice(subjectStart, subjectEnd);
  return shown;
}
