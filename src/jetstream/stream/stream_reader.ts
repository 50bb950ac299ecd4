/** What a stream tells those that hand its messages on. */
export interface StreamReader {
  /** Whether a message is wanted, or was and is not acknowledged. */
  needs(seq: number, subjectNumber: number): boolean;
  /** Whether a message was for it, and is acknowledged. */
  isDone(seq: number, subjectNumber: number): boolean;
  /** A message is there, for good. */
  stored(seq: number, subjectNumber: number): void;
  /** A message goes, by a limit or on request; `isPurge`: with others. */
  removing(seq: number, subjectNumber: number, isPurge: boolean): void;
  /** Messages that it has handed out and that are not acknowledged. */
  readonly openMessages: number;
  /** All messages have gone at once. */
  emptied(): void;
  /**
   * What `pattern` means has gone up to some place; undefined: all has. `next`:
   * the first of them that is left, or the one to come.
   */
  purged(pattern: string | undefined, next: number): void;
}
