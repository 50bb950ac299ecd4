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
  /** Values of which each has its own. */
  readonly own?: RegExp;
  /** Conversations that go another way from some point on. */
  readonly otherWay?: (conversation: Conversation) => boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    what: "`api_lvl` in INFO of a server without JetStream",
    why: "it is the level of JetStream",
    extra: {
      who: "nats-server",
      bytes: /(?<!"jetstream":true.*),"api_lvl":\d+/g,
    },
  },
  {
    what: "`xkey` in INFO",
    why:
      "a service that decides about logins is told the key with each question",
    extra: { who: "nats-server", bytes: /,"xkey":"X[A-Z0-9]{55}"/g },
  },
  {
    what: "an INFO from a client, with values of the wrong type",
    why: "what a client says of itself in INFO concerns no server",
    otherWay: ({ title }) => title.startsWith('"INFO {\\"port'),
  },
  {
    what: "`proto`, `nonce` and what can be agreed on in INFO for routes",
    why: "Midge has neither pools nor compression, accounts and leaf nodes",
    own: /(?<="proto":)[23](?=,"go")/g,
    extra: {
      who: "nats-server",
      bytes:
        /,"nonce":"<own>"(?=,"cluster")|(?<=INFO \{.*),"(?:compression|lnoc|lnocu|ln|route_pool_size|gossip_mode|info_on_connect)":(?:true|\d+|"[a-z]+")/g,
    },
  },
  {
    what: "HPUB of a server, a second CONNECT, or an INFO without an id",
    why: "no server sends them, so Midge ends the connection, or reads no more",
    otherWay: ({ title }) =>
      /^"(?:HPUB a|INFO \{\}|CONNECT \{\})[^"]*" \(\d+\) of a server$/.test(
        title,
      ),
  },
  {
    what: "`store_dir` in what is told of JetStream",
    why: "each server has a folder of its own; Midge's has no folder in it",
    own: /(?<="store_dir": ?")[^"]*/g,
  },
  {
    what: "`sync_interval` in what is told of JetStream",
    why: "a message is on disk when it is acknowledged: `sync_always` is true",
    extra: {
      who: "nats-server",
      bytes: /^ +"sync_interval": \d+,\n|"sync_interval":\d+,/gm,
    },
  },
  {
    what: "`msgs` of the subscriptions in `/routez?subs=detail`",
    why: "a message goes to a server once, whichever of them match it",
    own: /(?<=^ {10}"sid": "\$G .*",\n {10}"msgs": )\d+(?=,\n {10}"cid")/gm,
  },
  {
    what: "numbers of subscriptions and look-ups of a whole server or account",
    why: "each server has its own in the system account",
    own: new RegExp(
      [
        /^ {2}(?: {2})?"subscriptions": /,
        /^ +"num_(?:subscriptions|cache|inserts|removes|matches)": /,
        /^ +"(?:cache_hit_rate|max_fanout|avg_fanout)": /,
      ].map(({ source }) => `(?<=${source})[\\d.]+`).join("|"),
      "gm",
    ),
  },
  {
    what: "`feature_flags` in `/varz` and what a server says of itself",
    why: "they are flags of nats-server's JetStream",
    extra: {
      who: "nats-server",
      bytes: /^ {2}"feature_flags": \{[^}]*\},\n|"feature_flags":\{[^}]*\},/gm,
    },
  },
  {
    what: "`pool_size` of the cluster in `/varz`",
    why: "Midge has one route to each node",
    extra: { who: "nats-server", bytes: /,\n {4}"pool_size": \d+/g },
  },
  {
    what: "`authorized_user` of a client that had to prove nothing",
    why: "a claim may be a password in the wrong field",
    otherWay: ({ title }) => title.endsWith("&claims"),
  },
  {
    what: "clients that are gone in `/connz?acc=$G`",
    why: "they were in that account, which nats-server forgets",
    otherWay: ({ title }) => title === "/connz?acc=$G&state=all",
  },
];
