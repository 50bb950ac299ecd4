/** What a publisher is told, in the order in which it is written. */
export interface PublishAck {
  readonly stream: string;
  readonly domain?: string;
  readonly seq: number;
  readonly duplicate?: true;
  /** What a counter has come to. */
  readonly val?: string;
  /** The batch that was stored, and how many messages that were. */
  readonly batch?: string;
  readonly count?: number;
}
