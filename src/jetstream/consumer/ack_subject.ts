/**
 * How long the subject is that a delivered message is acknowledged on: who asks
 * for a number of bytes has it counted.
 */
import type { ReplySubjects } from "../reply_subjects.ts";
import type { Progress } from "./progress.ts";

/** The consumer that delivers it. */
interface Delivering {
  readonly name: string;
  readonly stream: {
    readonly name: string;
    readonly host: { readonly replies: ReplySubjects };
  };
  readonly progress: Progress;
  readonly selection: { readonly pending: number };
}

/** What is the same in all of them: six dots and a time. */
const REST = 6 + 19;

/** Of the next delivery of a message; `isAgain`: it was delivered before. */
export function ackSubjectLength(
  { name, stream, progress, selection }: Delivering,
  seq: number,
  isAgain: boolean,
): number {
  return REST + stream.host.replies.ack.length + stream.name.length +
    name.length +
    digitsOf(progress.timesDelivered(seq) + 1) + digitsOf(seq) +
    digitsOf(progress.consumerSeq + 1) +
    digitsOf(selection.pending - (isAgain ? 0 : 1));
}

/** Of a number of 0 or more. */
function digitsOf(number: number): number {
  let digits = 1;
  for (let rest = number; rest >= 10; rest /= 10) digits++;
  return digits;
}
