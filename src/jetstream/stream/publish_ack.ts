/** What a publisher is told, in the order in which it is written. */
export interface PublishAck {
  readonly stream: string;
  readonly domain?: string;
  readonly seq: number;
  readonly duplicate?: true;
  /** What a counter has come to. */
  readonly val?: string;
}
