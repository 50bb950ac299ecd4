/** What imports ask of the accounts that they connect. */
import {
  type ActivationCheck,
  type Grant,
  grantOf,
} from "../options/import_rules.ts";
import type { AccountOptions, ImportOptions } from "../options/options.ts";
import type { Account } from "./account.ts";
import type { ImportPath } from "./import_path.ts";
import type { Clock } from "../platform/clock.ts";
import type { ResponsesHost } from "./responses.ts";

/** The accounts of the server. */
export interface Exporters {
  named(name: string): Account | undefined;
  optionsOf(name: string): AccountOptions | undefined;
  readonly system: Account | undefined;
}

export interface ImportHost extends ResponsesHost {
  readonly exporters: Exporters;
  readonly isActivated: ActivationCheck;
  readonly path: ImportPath;
}

/** Where an import leads to, as long as nothing is configured anew. */
export interface ImportTarget {
  readonly exporter: Account;
  readonly grant: Grant;
}

/** One import of an account. */
export interface ImportLink {
  readonly options: ImportOptions;
  /** Accounts were configured anew: the import may lead somewhere else, or nowhere. */
  refresh(): void;
  /** There is no such import any more. */
  end(): void;
}

/** Where `wanted` leads to; undefined: it is not allowed, or nowhere. */
export function findTarget(
  wanted: ImportOptions,
  importer: Account,
  { exporters, isActivated }: ImportHost,
): ImportTarget | undefined {
  const there = exporters.optionsOf(wanted.account);
  if (there === undefined) return undefined;
  const grant = grantOf(there, wanted, importer.name, isActivated);
  const exporter = grant && exporters.named(wanted.account);
  return exporter && grant && { exporter, grant };
}

/** Whether the grant still holds. */
export function isOpen({ grant }: ImportTarget, clock: Clock): boolean {
  return grant.until === Infinity || grant.until > clock.now();
}
