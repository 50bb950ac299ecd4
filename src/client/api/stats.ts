/** What a connection counts. */

/** Messages, and the bytes of their headers and payloads. */
export interface Stats {
  /** Messages received. */
  readonly inMsgs: number;
  /** Their bytes. */
  readonly inBytes: number;
  /** Messages published. */
  readonly outMsgs: number;
  /** Their bytes. */
  readonly outBytes: number;
  /** Of those that were published, how many were dropped as too many waited for a connection. */
  readonly droppedMsgs: number;
}
