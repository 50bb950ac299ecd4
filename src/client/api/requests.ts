/**
 * Requests, as a program asks them: how long it waits, how many answers it
 * wants, and where they shall go.
 */
import type { RequestHeaders } from "./message.ts";

/** How answers shall come. */
export interface AnswerOptions {
  /** Use a subscription of its own in place of the shared one. */
  readonly noMux?: boolean;
  /** Where the answer shall go; needs `noMux`. */
  readonly reply?: string;
}

/** What `request` takes; every field may be left out. */
export interface RequestOptions extends AnswerOptions, RequestHeaders {
  /** Milliseconds to wait for the answer. Default: 1 s. */
  readonly timeout?: number;
}

/**
 * When there are enough answers: after `maxWait` (`timer`), at `maxMessages`
 * (`count`), when none comes for `stall` milliseconds after the last one
 * (`stall`), or with one that is empty (`sentinel`).
 */
export type RequestStrategy = "timer" | "count" | "stall" | "sentinel";

/** What `requestMany` takes; every field may be left out. */
export interface RequestManyOptions
  extends Omit<AnswerOptions, "reply">, RequestHeaders {
  /** Default: `timer`. */
  readonly strategy?: RequestStrategy;
  /** Milliseconds. Default: 1 s. */
  readonly maxWait?: number;
  /** For the strategy `count`. Default: no limit. */
  readonly maxMessages?: number;
  /** For the strategy `stall`, in milliseconds. Default: 300. */
  readonly stall?: number;
}
