/** Sequences of a stream that have no message, in steps. */
import { finishSteps, type Steps } from "../../core/steps.ts";
import type { MessageIndex } from "../store/message_index.ts";

/** Sequences that are looked at in a step. */
const STEP_SEQS = 16_384;

/** Those between its first and its last message; of one moment. */
export function* gapList(index: MessageIndex): Steps<readonly number[]> {
  const { messages, lastSeq } = index;
  const gaps = yield* gapsOf(index);
  const isSame = messages === index.messages && lastSeq === index.lastSeq;
  return isSame ? gaps : finishSteps(gapsOf(index));
}

function* gapsOf(index: MessageIndex): Steps<readonly number[]> {
  const gaps: number[] = [];
  let looked = 0;
  for (let seq = index.firstSeq; seq <= index.lastSeq; seq++) {
    if (++looked % STEP_SEQS === 0) yield;
    if (!index.has(seq)) gaps.push(seq);
  }
  return gaps;
}
