/** Which kind of request a subject is: the table of all, and how one is found in it. */
import { accountRequests } from "./account_requests.ts";
import { backupRequests } from "./backup_requests.ts";
import type { ApiCall } from "./api_call.ts";
import { clusterRequests } from "./cluster_requests.ts";
import { consumerRequests } from "./consumer_requests.ts";
import { messageRequests } from "./message_requests.ts";
import { streamRequests } from "./stream_requests.ts";

export const API_PREFIX = "$JS.API.";

/** NATS JetStream: consumers and streams hear these themselves; where none does, nobody is there. */
const HEARD_ELSEWHERE = [
  "CONSUMER.MSG.NEXT.",
  "DIRECT.GET.",
];

/** A kind of request, and what stands for the wildcards of its subject. */
interface FoundCall {
  readonly call: ApiCall;
  readonly tokens: readonly string[];
}

const CALLS: readonly ApiCall[] = [
  ...accountRequests(),
  ...streamRequests(),
  ...messageRequests(),
  ...clusterRequests(),
  ...backupRequests(),
  ...consumerRequests(),
];

/** What a request on `subject` is; "elsewhere": not the API's to answer; undefined: nothing. */
export function findCall(
  subject: string,
): FoundCall | "elsewhere" | undefined {
  const name = subject.slice(API_PREFIX.length);
  if (HEARD_ELSEWHERE.some((begin) => name.startsWith(begin))) {
    return "elsewhere";
  }
  for (const call of CALLS) {
    const tokens = tokensFor(call.pattern, name);
    if (tokens !== undefined) return { call, tokens };
  }
  return undefined;
}

/** What stands where `pattern` has wildcards; undefined: `subject` does not fit. */
function tokensFor(
  pattern: string,
  subject: string,
): readonly string[] | undefined {
  const wanted = pattern.split(".");
  const given = subject.split(".");
  const tokens: string[] = [];
  for (const [i, token] of wanted.entries()) {
    if (token === ">") {
      if (given.length <= i) return undefined;
      return [...tokens, given.slice(i).join(".")];
    }
    if (given[i] === undefined) return undefined;
    if (token === "*") tokens.push(given[i]!);
    else if (token !== given[i]) return undefined;
  }
  return given.length === wanted.length ? tokens : undefined;
}
