/** Several publishers, or several subscribers, that do something together. */
import type { BenchCourse } from "./course.ts";
import { shareOf } from "./load.ts";
import type { LoadLine } from "./load_line.ts";
import { LoadPublisher, type LoadPublisherOptions } from "./publishing.ts";
import { Goal, LoadSubscriber, type SubscriberOptions } from "./subscribing.ts";
import { Tally } from "./tally.ts";

/** Publishers that share messages and the rate. */
export function publishersOn(
  lines: readonly LoadLine[],
  course: BenchCourse,
  options: LoadPublisherOptions,
): LoadPublisher[] {
  const count = lines.length;
  return lines.map((line, index) =>
    new LoadPublisher(line, course, new Tally("pub", index + 1, course.clock), {
      ...options,
      msgs: shareOf(options.msgs, count, index),
      perSecond: options.perSecond / count,
    })
  );
}

/** Subscribers, each with `msgs` to take, or all together in a queue group. */
export function subscribersOn(
  lines: readonly LoadLine[],
  course: BenchCourse,
  options: SubscriberOptions,
  msgs: number = Infinity,
): LoadSubscriber[] {
  const shared = options.queue === "" ? undefined : new Goal(msgs);
  return lines.map((line, index) =>
    new LoadSubscriber(
      line,
      course,
      new Tally("sub", index + 1, course.clock),
      shared ?? new Goal(msgs),
      options,
    )
  );
}
