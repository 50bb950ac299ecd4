/**
 * Questions to all other servers, whose answers come to an inbox of the question's
 * own.
 */
import { byteString } from "../core/ascii.ts";
import { Nuid } from "../core/nuid.ts";
import type { Message } from "../wire/message.ts";
import type { Voice } from "./voice.ts";

const PREFIX_LENGTH = 8;

export class Inbox {
  readonly #voice: Voice;
  readonly #nuid: Nuid;
  readonly #prefix: string;
  readonly #waiting = new Map<string, (message: Message) => void>();

  constructor(voice: Voice) {
    this.#voice = voice;
    this.#nuid = new Nuid(voice.broker.host.random);
    this.#prefix = `$SYS._INBOX.${this.#nuid.next().slice(0, PREFIX_LENGTH)}`;
  }

  start(): void {
    this.#voice.client.subscribe(`${this.#prefix}.*`, "", (message) => {
      const { subjectBuffer, subjectStart, subjectEnd } = message;
      const subject = byteString(subjectBuffer, subjectStart, subjectEnd);
      const token = subject.slice(subject.lastIndexOf(".") + 1);
      this.#waiting.get(token)?.(message);
    });
  }

  /** Has `onAnswer` called for each answer until the result is called. False where nobody can answer. */
  ask(
    subject: string,
    payload: Uint8Array,
    onAnswer: (message: Message) => void,
  ): (() => void) | undefined {
    const { client } = this.#voice;
    if (!client.isHeard(subject)) return undefined;
    const token = this.#nuid.next();
    this.#waiting.set(token, onAnswer);
    client.publish(subject, payload, { reply: `${this.#prefix}.${token}` });
    return () => void this.#waiting.delete(token);
  }
}
