/**
 * What a look-up of a subject finds: everyone who hears it. Results are shared
 * and cached; who reads one never changes it.
 */

/** What a sublist needs to know of a subscription; none of it may change while it is in. */
export interface Subscriber {
  readonly subject: string;
  /** Empty for a plain subscription. */
  readonly queue: string;
  /** Members that it stands for: 1, or the count that a remote server announced. */
  readonly weight: number;
}

/** The members of one queue group that hear a subject, through whatever pattern. */
export interface QueueGroup<S> {
  readonly name: string;
  readonly members: readonly S[];
  /** The sum of the members' weights. */
  readonly weight: number;
  /** Every member's weight is 1. */
  readonly uniform: boolean;
  /** Where it is not so: the sums of the weights up to each member. */
  readonly sums?: readonly number[];
}

/** Everyone who hears one subject. */
export interface SubjectMatch<S> {
  readonly plain: readonly S[];
  readonly queues: readonly QueueGroup<S>[];
  /** All of it is served before anything else is done, however much it is. */
  readonly isAtOnce?: true;
}
