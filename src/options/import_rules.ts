/**
 * What an import means: which export lets it in, and how subjects of the two
 * accounts become each other. The check of a configuration and the accounts of
 * a running server ask the same functions.
 */
import { utf8ByteString } from "../core/ascii.ts";
import { hasWildcard, isSubsetMatch, isValidSubject } from "../core/subject.ts";
import {
  SubjectTransform,
  tokenized,
  untokenized,
} from "../core/subject_transform.ts";
import { TransformError } from "../core/transform_function.ts";
import type {
  AccountOptions,
  ExportOptions,
  ImportOptions,
} from "./accounts.ts";

/**
 * Until when an activation token lets `importer` have `wanted`, by the wall
 * clock in milliseconds; undefined: it does not. A token that never ends gives
 * `Infinity`.
 */
export type ActivationCheck = (
  wanted: ImportOptions,
  importer: string,
  offered: ExportOptions,
) => number | undefined;

/** Nobody knows what a token says: no token is good. */
export const NO_ACTIVATION: ActivationCheck = () => undefined;

/** An export that lets an import in, and until when. */
export interface Grant {
  readonly offered: ExportOptions;
  /** By the wall clock, in milliseconds. */
  readonly until: number;
}

/**
 * The export of `exporter` that lets `importer` have `wanted`. An export of
 * that very subject decides alone; otherwise one of those that contain it has to
 * let it in. Several of one subject are one.
 */
export function grantOf(
  exporter: AccountOptions,
  wanted: ImportOptions,
  importer: string,
  isActivated: ActivationCheck,
): Grant | undefined {
  if (!isValidSubject(wanted.subject)) return undefined;
  const offers = new Map<string, ExportOptions>();
  for (const offered of exporter.exports) {
    const { kind, subject } = offered;
    const isOffer = kind === wanted.kind && isUsable(offered) &&
      isSubsetMatch(wanted.subject, subject);
    if (!isOffer) continue;
    const before = offers.get(subject);
    offers.set(subject, before ? offeredAgain(before, offered) : offered);
  }
  const exact = offers.get(wanted.subject);
  for (const offered of exact === undefined ? offers.values() : [exact]) {
    const until = grantedUntil(offered, wanted, importer, isActivated);
    if (until !== undefined) return { offered, until };
  }
  return undefined;
}

/**
 * NATS accounts: what is exported twice is open to the accounts of both lists,
 * and one without a list opens it to nobody else. Of a list and a token position
 * the later one counts. All else is as the later one says.
 */
function offeredAgain(
  before: ExportOptions,
  after: ExportOptions,
): ExportOptions {
  const { accounts = [], accountTokenPosition: position } = after;
  const both = [...before.accounts ?? [], ...accounts];
  const tokenRequired = before.tokenRequired || after.tokenRequired;
  if (position > 0) {
    return { ...after, tokenRequired };
  }
  return {
    ...after,
    accounts: both,
    accountTokenPosition: accounts.length > 0 ? 0 : before.accountTokenPosition,
    tokenRequired,
  };
}

function grantedUntil(
  offered: ExportOptions,
  wanted: ImportOptions,
  importer: string,
  isActivated: ActivationCheck,
): number | undefined {
  const { accounts = [], accountTokenPosition: position } = offered;
  if (accounts.length > 0 && !accounts.includes(importer)) return undefined;
  if (position > 0 && wanted.subject.split(".")[position - 1] !== importer) {
    return undefined;
  }
  return offered.tokenRequired
    ? isActivated(wanted, importer, offered)
    : Infinity;
}

/** One that makes no sense is there without an effect. */
export function isUsable(offered: ExportOptions): boolean {
  const { subject, accountTokenPosition: position } = offered;
  if (!isValidSubject(subject)) return false;
  return position === 0 || subject.split(".")[position - 1] === "*";
}

/** `wanted` with its subjects as byte strings, which messages and subscriptions have. */
export function asOnWire<I extends ImportOptions>(wanted: I): I {
  const { subject, local } = wanted;
  return {
    ...wanted,
    subject: utf8ByteString(subject),
    local: utf8ByteString(local),
  };
}

/** The subject of the importing account as a pattern, without `$1` and its like. */
export function localPattern({ local, subject }: ImportOptions): string {
  return hasWildcard(subject) ? untokenized(local) : local;
}

/**
 * From the exporter's subject to the local one; undefined: to `local` itself,
 * whatever the subject. Throws a `TransformError`.
 */
export function streamTransform(
  { subject, local }: ImportOptions,
): SubjectTransform | undefined {
  if (!hasWildcard(subject)) return undefined;
  return SubjectTransform.parse(subject, tokenized(local), { strict: true });
}

/**
 * From the local subject to the exporter's; undefined: to `subject` itself.
 * Throws a `TransformError`.
 */
export function serviceTransform(
  { subject, local }: ImportOptions,
): SubjectTransform | undefined {
  if (!hasWildcard(subject)) return undefined;
  return SubjectTransform.parse(subject, tokenized(local), { strict: true })
    .inverse();
}

/** Why `wanted` cannot be translated; empty: it can. */
export function transformProblem(wanted: ImportOptions): string {
  try {
    if (wanted.kind === "stream") streamTransform(wanted);
    else serviceTransform(wanted);
    return "";
  } catch (error) {
    if (error instanceof TransformError) return error.message;
    throw error;
  }
}
