/**
 * The keys of a destination of `mappings` as a program writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */

/** One of the subjects that a message may be published on instead. */
export interface DestinationConfig {
  /** The subject, which may have `$1` and other functions. */
  destination: string;
  /** The share of the messages, in percent. Takes: integer or percentage. Default: `0`. */
  weight: number | string;
  /** Holds on the servers of this cluster only. */
  cluster?: string;
}
