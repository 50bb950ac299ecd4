/** Options of accounts as a test needs them: what it does not say is nothing. */
import {
  type AccountOptions,
  type ServiceExport,
  type ServiceImport,
  type StreamExport,
  type StreamImport,
  UNLIMITED_ACCOUNT,
} from "../../src/options/options.ts";

export function accountOptions(
  name: string,
  changes: Partial<AccountOptions> = {},
): AccountOptions {
  return {
    name,
    nkey: "",
    users: [],
    exports: [],
    imports: [],
    mappings: [],
    limits: UNLIMITED_ACCOUNT,
    ...changes,
  };
}

/** An account with one user, who has the account's name in lower case, and the password `pw`. */
export function accountWithUser(
  name: string,
  changes: Partial<AccountOptions> = {},
): AccountOptions {
  const users = [{ user: name.toLowerCase(), password: "pw" }];
  return accountOptions(name, { users, ...changes });
}

export function streamExport(
  subject: string,
  changes: Partial<StreamExport> = {},
): StreamExport {
  const rules = { accountTokenPosition: 0, tokenRequired: false };
  return { kind: "stream", subject, ...rules, ...changes };
}

export function serviceExport(
  subject: string,
  changes: Partial<ServiceExport> = {},
): ServiceExport {
  return {
    kind: "service",
    subject,
    accountTokenPosition: 0,
    tokenRequired: false,
    response: "singleton",
    thresholdMs: 120_000,
    allowTrace: false,
    ...changes,
  };
}

/** Under the same subject unless `changes` say otherwise. */
export function streamImport(
  account: string,
  subject: string,
  changes: Partial<StreamImport> = {},
): StreamImport {
  const rest = { local: subject, token: "", allowTrace: false };
  return { kind: "stream", account, subject, ...rest, ...changes };
}

export function serviceImport(
  account: string,
  subject: string,
  changes: Partial<ServiceImport> = {},
): ServiceImport {
  const rest = { local: subject, token: "", share: false };
  return { kind: "service", account, subject, ...rest, ...changes };
}
