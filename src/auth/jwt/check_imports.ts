/** What is wrong with the imports that an account claims, and with their tokens. */
import { isPublicKey } from "../../core/key_text.ts";
import { quoted } from "../../core/quote.ts";
import { isSubsetMatch } from "../../core/subject.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import type {
  AccountClaims,
  ActivationClaims,
  ClaimedImport,
} from "./claims.ts";
import { decodeActivationJwt } from "./decode.ts";
import { checkSubject, type Issues } from "./issues.ts";

export function checkImports(
  { imports, subject: account }: AccountClaims,
  verify: VerifySignature,
  issues: Issues,
): void {
  const taken = new Map<string, string[]>();
  for (const wanted of imports) {
    if (wanted === undefined) {
      issues.error("null import is not allowed");
      continue;
    }
    if (wanted.kind === "service") checkOverlap(wanted, taken, issues);
    checkImport(wanted, account, verify, issues);
  }
}

/** `taken` has the subjects of services by the accounts that they are imported from. */
function checkOverlap(
  wanted: ClaimedImport,
  taken: Map<string, string[]>,
  issues: Issues,
): void {
  const subject = wanted.to || withoutReferences(wanted.localSubject) ||
    wanted.subject;
  const others = taken.get(wanted.account) ?? [];
  for (const other of others) {
    if (subject === "" || other === "") continue;
    if (!isSubsetMatch(subject, other) && !isSubsetMatch(other, subject)) {
      continue;
    }
    issues.error(
      `overlapping subject namespace for ${quoted(subject)} and ${
        quoted(other)
      } in same account ${quoted(wanted.account)}`,
    );
  }
  if (others.includes(subject)) {
    issues.error(
      `overlapping subject namespace for ${quoted(subject)} in account ${
        quoted(wanted.account)
      }`,
    );
  }
  taken.set(wanted.account, [...others, subject]);
}

function withoutReferences(subject: string): string {
  return subject.split(".").map((token) => /^\$\d+$/.test(token) ? "*" : token)
    .join(".");
}

function checkImport(
  wanted: ClaimedImport,
  importer: string,
  verify: VerifySignature,
  issues: Issues,
): void {
  const { kind, subject } = wanted;
  if (kind === "unknown") issues.error('invalid import type: "unknown"');
  if (kind === "service" && wanted.allowTrace) {
    issues.error("AllowTrace only valid for stream import");
  }
  if (wanted.account === "") {
    issues.error("account to import from is not specified");
  }
  if (wanted.to !== "") {
    issues.warn(
      "the field to has been deprecated (use LocalSubject instead)",
    );
  }
  checkSubject(subject, issues);
  if (wanted.localSubject !== "") {
    checkRenaming(wanted.localSubject, subject, issues);
    if (wanted.to !== "") issues.error("Local Subject replaces To");
  }
  if (wanted.share && kind !== "service") {
    issues.error(
      `sharing information (for latency tracking) is only valid for services: ${
        quoted(subject)
      }`,
    );
  }
  if (wanted.token !== "") checkToken(wanted, importer, verify, issues);
}

function checkRenaming(local: string, subject: string, issues: Issues): void {
  checkSubject(local, issues);
  if (subject === "") issues.error("subject cannot be empty");
  if (local.includes(" ")) {
    issues.error(`subject ${quoted(local)} cannot have spaces`);
  }
  if (isOpen(local) !== isOpen(subject)) {
    issues.error(
      "both, renaming subject and subject, need to end or not end in >",
    );
  }
  const wildcards = subject.split(".").filter((token) => token === "*").length;
  let references = 0;
  for (const token of local.split(".")) {
    const place = /^\$(\d+)$/.exec(token)?.[1];
    if (token === "*") references++;
    else if (place !== undefined && Number(place) <= wildcards) references++;
    else if (place !== undefined) {
      issues.error(
        `Reference $${Number(place)} in ${quoted(local)} reference * in ${
          quoted(subject)
        } that do not exist`,
      );
    }
  }
  if (references !== wildcards) {
    issues.error(
      "subject does not contain enough * or reference wildcards $[0-9]",
    );
  }
}

function isOpen(subject: string): boolean {
  return subject === ">" || subject.endsWith(".>");
}

function checkToken(
  wanted: ClaimedImport,
  importer: string,
  verify: VerifySignature,
  issues: Issues,
): void {
  const shown = quoted(wanted.subject);
  let token: ActivationClaims;
  try {
    token = decodeActivationJwt(wanted.token, verify);
  } catch {
    issues.error(`import ${shown} contains an invalid activation token`);
    return;
  }
  if (
    token.issuer !== wanted.account && token.issuerAccount !== wanted.account
  ) {
    issues.error(`activation token doesn't match account for import ${shown}`);
  }
  if (token.subject !== importer) {
    issues.error(
      `activation token doesn't match account it is being included in, ${shown}`,
    );
  }
  if (token.importKind !== wanted.kind) {
    issues.error(
      `mismatch between token import type ${token.importKind} and type of import ${wanted.kind}`,
    );
  }
  checkActivation(token, issues);
  const subject = wanted.kind === "service" && wanted.to !== ""
    ? wanted.to
    : wanted.subject;
  if (subject !== "" && !isSubsetMatch(subject, token.importSubject)) {
    issues.error(
      `activation token import subject ${
        quoted(token.importSubject)
      } doesn't match import ${shown}`,
    );
  }
}

/** What is wrong with a token, but for its time. */
export function checkActivation(
  { importKind, importSubject, issuerAccount }: ActivationClaims,
  issues: Issues,
): void {
  if (importKind === "unknown") issues.error('invalid import type: "unknown"');
  checkSubject(importSubject, issues);
  if (issuerAccount !== "" && !isPublicKey(issuerAccount, "A")) {
    issues.error("account_id is not an account public key");
  }
}
