/**
 * Where clients answer what the consumers of an account send. On a server that stands
 * alone these are the subjects of a consumer's stream and name; in a cluster, where
 * another domain may have a consumer of that name, the domain and the account stand
 * before them.
 */
import { shortHash } from "../core/short_hash.ts";

/** NATS JetStream: in place of a domain where there is none. */
const NO_DOMAIN = "_";

/** What stands before the name of a stream; byte strings that end in a dot. */
export interface ReplySubjects {
  /** Where the streams are, as clients name it; empty: without a name. */
  readonly domain: string;
  /** Of an acknowledgement, as consumers ask for it. */
  readonly ack: string;
  /** All of those by which one is taken, which may have wildcards. */
  readonly acks: readonly string[];
  /** Of an answer to a request for flow control. */
  readonly flow: string;
}

/** Of the account named `account`, a byte string. */
export function replySubjects(
  account: string,
  domain: string,
  isClustered: boolean,
): ReplySubjects {
  const named = `${domain || NO_DOMAIN}.${shortHash(account)}.`;
  if (isClustered && domain !== "") {
    const ack = `$JS.ACK.${named}`;
    return { domain, ack, acks: [ack], flow: `$JS.FC.${named}` };
  }
  const long = isClustered ? named : "*.*.";
  return {
    domain,
    ack: "$JS.ACK.",
    acks: ["$JS.ACK.", `$JS.ACK.${long}`],
    flow: "$JS.FC.",
  };
}
