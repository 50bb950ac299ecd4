/**
 * What is wrong with the exports and imports of all accounts together, which
 * can only be told when each of them is known. The texts are nats-server's,
 * since people compare what is said of a configuration.
 */
import type { Steps } from "../core/steps.ts";
import { isValidSubject, subjectsCollide } from "../core/subject.ts";
import type { AccountOptions, ImportOptions } from "./accounts.ts";
import {
  type ActivationCheck,
  grantOf,
  isUsable,
  localPattern,
  transformProblem,
} from "./import_rules.ts";

/** Something wrong with the export or import number `index` of `account`. */
export interface ImportProblem {
  readonly account: string;
  readonly list: "exports" | "imports";
  readonly index: number;
  readonly text: string;
}

/** A chain of imports that is longer is taken for one without an end. */
const CHAIN_MAX = 1024;

/** Accounts, exports and imports that take as long to look at as a step. */
const ITEMS_PER_STEP = 256;

/**
 * All problems, exports before imports. Where an account imports two services
 * as one subject, nothing else is looked for.
 */
export function* importProblems(
  accounts: readonly AccountOptions[],
  isActivated: ActivationCheck,
): Steps<ImportProblem[]> {
  let looked = 0;
  const isStep = (items: number): boolean => {
    const before = looked;
    looked += items + 1;
    return before % ITEMS_PER_STEP > looked % ITEMS_PER_STEP ||
      items >= ITEMS_PER_STEP;
  };
  const duplicates: ImportProblem[] = [];
  const byName = new Map<string, AccountOptions>();
  for (const account of accounts) {
    byName.set(account.name, account);
    duplicates.push(...duplicatesIn(account));
    if (isStep(account.imports.length)) yield;
  }
  if (duplicates.length > 0) return duplicates;
  const problems: ImportProblem[] = [];
  for (const account of accounts) {
    problems.push(...exportProblems(account, byName));
    if (isStep(account.exports.length)) yield;
  }
  for (const account of accounts) {
    for (const [index, wanted] of account.imports.entries()) {
      problems.push(...problemOf(account, wanted, index, byName, isActivated));
      // What may be imported is looked for among all that is exported.
      if (isStep(byName.get(wanted.account)?.exports.length ?? 0)) yield;
    }
  }
  return problems;
}

type ByName = ReadonlyMap<string, AccountOptions>;

function duplicatesIn({ name, imports }: AccountOptions): ImportProblem[] {
  const used = new Map<string, ImportOptions>();
  return imports.flatMap((wanted, index) => {
    if (wanted.kind === "stream") return [];
    const first = used.get(wanted.local);
    used.set(wanted.local, first ?? wanted);
    if (first === undefined) return [];
    const text =
      `Duplicate service import subject "${wanted.local}", previously used in import for account "${first.account}", subject "${first.subject}"`;
    return [{ account: name, list: "imports" as const, index, text }];
  });
}

function exportProblems(
  { name, exports }: AccountOptions,
  byName: ByName,
): ImportProblem[] {
  return exports.flatMap((offered, index) => {
    const { kind, subject, accounts = [] } = offered;
    const unknown = accounts.filter((other) => !byName.has(other));
    const texts = unknown.map((other) =>
      `"${other}" account not defined for ${kind} export`
    );
    // One whose subject makes no sense has no effect and is not complained of.
    if (isValidSubject(subject) && !isUsable(offered)) {
      texts.push(
        `Error adding ${kind} export "${subject}": sublist: invalid subject`,
      );
    }
    return texts.map((text) => ({
      account: name,
      list: "exports" as const,
      index,
      text,
    }));
  });
}

function problemOf(
  importer: AccountOptions,
  wanted: ImportOptions,
  index: number,
  byName: ByName,
  isActivated: ActivationCheck,
): ImportProblem[] {
  const { kind, account, subject } = wanted;
  const exporter = byName.get(account);
  const problem = exporter === undefined
    ? `"${account}" account not defined for ${kind} import`
    : reasonOf(importer, wanted, index, exporter, byName, isActivated);
  if (problem === "") return [];
  const text = exporter === undefined
    ? problem
    : `Error adding ${kind} import "${subject}": ${problem}`;
  return [{ account: importer.name, list: "imports", index, text }];
}

/** Why an import cannot be made; empty: it can. */
function reasonOf(
  importer: AccountOptions,
  wanted: ImportOptions,
  index: number,
  exporter: AccountOptions,
  byName: ByName,
  isActivated: ActivationCheck,
): string {
  const { kind, subject, local } = wanted;
  if (grantOf(exporter, wanted, importer.name, isActivated) === undefined) {
    return `${kind} import not authorized`;
  }
  if (kind === "service" && !isValidSubject(localPattern(wanted))) {
    return "sublist: invalid subject";
  }
  const untranslatable = transformProblem(wanted);
  if (untranslatable !== "") {
    const [from, to] = kind === "stream" ? [subject, local] : [local, subject];
    return `failed to create mapping transform for ${kind} import subject from "${from}" to "${to}": ${untranslatable}`;
  }
  const isTwice = kind === "stream" &&
    importer.imports.slice(0, index).some((other) => sameStream(other, wanted));
  if (isTwice) return "stream import already exists";
  return cycleOf(wanted, byName);
}

/** Wherever it is imported to: it is one stream. */
function sameStream(one: ImportOptions, other: ImportOptions): boolean {
  return one.kind === other.kind && one.account === other.account &&
    one.subject === other.subject;
}

/** Follows what is imported from where it comes from, and whether that leads back. */
function cycleOf(wanted: ImportOptions, byName: ByName): string {
  const seen = new Set<ImportOptions>();
  let level: readonly ImportOptions[] = [wanted];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === CHAIN_MAX) return "search cycle depth exhausted";
    const next: ImportOptions[] = [];
    for (const { kind, account, subject } of level) {
      for (const behind of byName.get(account)?.imports ?? []) {
        if (behind.kind !== kind || seen.has(behind)) continue;
        if (!collides(behind, subject)) continue;
        if (behind === wanted) return "import forms a cycle";
        seen.add(behind);
        next.push(behind);
      }
    }
    level = next;
  }
  return "";
}

function collides(behind: ImportOptions, subject: string): boolean {
  const pattern = localPattern(behind);
  return isValidSubject(pattern) && isValidSubject(subject) &&
    subjectsCollide(pattern, subject);
}
