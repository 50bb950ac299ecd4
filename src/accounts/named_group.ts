/**
 * The queue groups that a routed message names, found among those that its
 * subject has matched, without a string.
 */
import { equalBytes } from "../core/ascii.ts";
import type { QueueGroup, SubjectMatch } from "../core/subject_match.ts";
import type { MessageArgs } from "../wire/args.ts";
import type { Interest, ServerReceiver } from "./interest.ts";

/** The matched group whose name is the word `word` of the message's line. */
export function groupNamed(
  match: SubjectMatch<Interest>,
  { words, message }: MessageArgs,
  word: number,
): QueueGroup<Interest> | undefined {
  const start = words.starts[word]!;
  const end = words.ends[word]!;
  for (let i = 0; i < match.queues.length; i++) {
    const group = match.queues[i]!;
    if (
      group.name.length === end - start &&
      sameText(group.name, message.subjectBuffer, start)
    ) return group;
  }
  return undefined;
}

/**
 * How often the word `word` of the message's line stands in it, as the name of
 * a queue group; 0: an earlier word has counted it.
 */
export function timesNamed(
  { words, message, queuesFrom, queuesTo }: MessageArgs,
  word: number,
): number {
  const buffer = message.subjectBuffer;
  const start = words.starts[word]!;
  const length = words.ends[word]! - start;
  let times = 0;
  for (let other = queuesFrom; other < queuesTo; other++) {
    const at = words.starts[other]!;
    if (
      words.ends[other]! - at !== length ||
      !equalBytes(buffer, at, buffer, start, length)
    ) continue;
    if (other < word) return 0;
    times++;
  }
  return times;
}

/**
 * Whether some group is named more than once: its members on the sender's
 * server refused the message, which is for groups alone then.
 */
export function namesOneTwice(args: MessageArgs): boolean {
  const { queuesFrom, queuesTo } = args;
  for (let word = queuesFrom; word + 1 < queuesTo; word++) {
    if (timesNamed(args, word) > 1) return true;
  }
  return false;
}

/** Whether the server of `member` serves a group alone, or has nobody else who hears the subject. */
export function takesForGroups(
  { server }: Interest,
  plain: readonly Interest[],
): boolean {
  return server?.servesGroupsAlone === true ||
    !plain.some((interest) => interest.server === server);
}

/** Members on other servers than `from`; if there are none, those on that one. */
export function membersElsewhere(
  members: readonly Interest[],
  from: ServerReceiver,
): Interest[] {
  const remote = members.filter((member) =>
    member.server?.isGone === false && member.weight > 0
  );
  const elsewhere = remote.filter((member) => member.server !== from);
  return elsewhere.length > 0 ? elsewhere : remote;
}

function sameText(text: string, buffer: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== buffer[start + i]) return false;
  }
  return true;
}
