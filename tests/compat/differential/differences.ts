/**
 * Where Midge answers otherwise than nats-server does, and why that is right.
 * `docs/missing.md` has the same list. The test prints it; a difference that no
 * conversation meets any more fails.
 */
import type { Conversation } from "./conversation.ts";

export interface Difference {
  /** What is different, for people. */
  readonly what: string;
  readonly why: string;
  /** Bytes that only this one says. */
  readonly extra?: {
    readonly who: "midge" | "nats-server";
    readonly bytes: RegExp;
  };
  /** Conversations that go another way from some point on. */
  readonly otherWay?: (conversation: Conversation) => boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    what: "`api_lvl` in INFO",
    why: "it is the level of JetStream, which Midge has not",
    extra: { who: "nats-server", bytes: /,"api_lvl":\d+/g },
  },
  {
    what: "`xkey` in INFO",
    why: "it is the key of auth callout, which Midge has not",
    extra: { who: "nats-server", bytes: /,"xkey":"X[A-Z0-9]{55}"/g },
  },
  {
    what: "an INFO from a client, with values of the wrong type",
    why: "what a client says of itself in INFO concerns no server",
    otherWay: ({ title }) => title.startsWith('"INFO {\\"port'),
  },
];
