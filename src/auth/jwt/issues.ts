/** What is wrong with claims, in nats-server's words. */
import { quoted } from "../../core/quote.ts";
import type { ClaimedPermissions, ClaimsHead } from "./claims.ts";

/** A warning says that something is odd, and nothing more. */
export interface Issue {
  readonly text: string;
  readonly weight: "error" | "time" | "warning";
}

export class Issues {
  readonly list: Issue[] = [];

  error(text: string): void {
    this.list.push({ text, weight: "error" });
  }

  time(text: string): void {
    this.list.push({ text, weight: "time" });
  }

  warn(text: string): void {
    this.list.push({ text, weight: "warning" });
  }

  /** The claims cannot be used. */
  get areFatal(): boolean {
    return this.list.some(({ weight }) => weight !== "warning");
  }
}

/** Moments are seconds. */
export function checkMoments(
  { expiresAt, notBefore }: ClaimsHead,
  now: number,
  issues: Issues,
): void {
  if (expiresAt > 0 && now > expiresAt) issues.time("claim is expired");
  if (notBefore > 0 && notBefore > now) issues.time("claim is not yet valid");
}

export function checkSubject(subject: string, issues: Issues): void {
  if (subject === "") return issues.error("subject cannot be empty");
  const shown = `subject ${quoted(subject)} cannot`;
  if (subject.includes(" ")) issues.error(`${shown} have spaces`);
  if (subject.startsWith(".") || subject.endsWith(".")) {
    issues.error(`${shown} start or end with a \`.\``);
  }
  if (subject.includes("..")) {
    issues.error(`${shown} contain consecutive \`.\``);
  }
}

export function checkPermissions(
  { publish, subscribe }: ClaimedPermissions,
  issues: Issues,
): void {
  for (const entry of [...subscribe.allow ?? [], ...subscribe.deny ?? []]) {
    checkEntry(entry, true, issues);
  }
  for (const entry of [...publish.allow ?? [], ...publish.deny ?? []]) {
    checkEntry(entry, false, issues);
  }
}

function checkEntry(entry: string, takesQueue: boolean, issues: Issues): void {
  const words = entry.split(" ");
  const shown = `Permission Subject "${entry}"`;
  if (words.length > 2) {
    return issues.error(`${shown} contains too many spaces`);
  }
  for (const word of words) checkSubject(word, issues);
  if (words.length === 2 && !takesQueue) {
    issues.error(`${shown} is not allowed to contain queue`);
  }
}
