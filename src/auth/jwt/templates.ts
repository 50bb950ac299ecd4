/**
 * Rights of a role, made into those of one user: `{{name()}}`, `{{tag(team)}}`
 * and the like stand for what the user's and the account's JWTs say. An entry
 * with several values for its tokens becomes one entry for each combination.
 */
import { isValidConfigSubject } from "../../core/subject.ts";
import type { ClaimedRules, UserClaims, UserRights } from "./claims.ts";

/** Whose names and tags are put in. */
export interface TemplateFacts {
  readonly user: Pick<UserClaims, "name" | "subject" | "tags">;
  readonly account: Pick<UserClaims, "name" | "subject" | "tags">;
}

/** Entries that one list may become. */
const ENTRIES_MAX = 4096;
const TOKEN = /\{\{([^}]+)\}\}/g;

/** Undefined where a token means nothing, or a denied subject has no value. */
export function filledIn(
  template: UserRights,
  facts: TemplateFacts,
): UserRights | undefined {
  const publish = filledRules(template.publish, facts);
  const subscribe = filledRules(template.subscribe, facts);
  return publish === undefined || subscribe === undefined
    ? undefined
    : { ...template, publish, subscribe };
}

function filledRules(
  { allow, deny }: ClaimedRules,
  facts: TemplateFacts,
): ClaimedRules | undefined {
  const allowed = filledList(allow, facts, false);
  const denied = filledList(deny, facts, true);
  if (allowed === "fails" || denied === "fails") return undefined;
  // Where nothing is left of what was allowed, nothing is.
  const isEmptied = allow !== undefined && allow.length > 0 &&
    allowed?.length === 0;
  return isEmptied
    ? { allow: allowed, deny: [...denied ?? [], ">"] }
    : { allow: allowed, deny: denied };
}

function filledList(
  list: readonly string[] | undefined,
  facts: TemplateFacts,
  isDenied: boolean,
): readonly string[] | undefined | "fails" {
  // NATS: a list without templates is left as it is; in others no entry has a queue group.
  if (list === undefined || !list.some((entry) => entry.search(TOKEN) >= 0)) {
    return list;
  }
  const filled: string[] = [];
  for (const entry of list) {
    const entries = filledEntry(entry, facts, ENTRIES_MAX - filled.length);
    if (entries === undefined) return "fails";
    const good = entries.filter(isValidConfigSubject);
    if (isDenied && good.length < Math.max(entries.length, 1)) return "fails";
    filled.push(...good);
  }
  return filled;
}

/** All that the entry stands for; undefined: a token means nothing, or there are more than `max`. */
function filledEntry(
  entry: string,
  facts: TemplateFacts,
  max: number,
): string[] | undefined {
  let entries = [entry];
  for (const [token, operation = ""] of entry.matchAll(TOKEN)) {
    const values = valuesOf(operation.trim(), facts);
    if (values === undefined || entries.length * values.length > max) {
      return undefined;
    }
    // Not by a pattern: a value may have a $ in it.
    entries = entries.flatMap((each) =>
      values.map((value) => each.split(token).join(value))
    );
  }
  return entries.length > max ? undefined : entries;
}

function valuesOf(
  operation: string,
  { user, account }: TemplateFacts,
): readonly string[] | undefined {
  switch (operation.toLowerCase()) {
    case "name()":
      return [user.name];
    case "subject()":
      return [user.subject];
    case "account-name()":
      return [account.name];
    case "account-subject()":
      return [account.subject];
  }
  const [, of = "", tag = ""] =
    /^(tag|account-tag)\((.*)\)$/i.exec(operation) ?? [];
  if (of === "") return undefined;
  // NATS: in capital letters it is a function, and finds nothing.
  if (of !== of.toLowerCase()) return [];
  const prefix = `${tag.toLowerCase()}:`;
  return (of === "tag" ? user : account).tags
    .filter((each) => each.startsWith(prefix))
    .map((each) => each.slice(prefix.length));
}
