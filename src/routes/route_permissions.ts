/**
 * `permissions` of a cluster: which interest of this server's clients its peers
 * hear of (import), and which of theirs is taken, and served (export).
 *
 * NATS: what a peer sends is not judged by it; only honest peers keep to what
 * they were told. Users and accounts are what keeps others out.
 */
import { type Permissions, permissionsOf } from "../auth/permissions.ts";
import type { PermissionsOptions, SubjectRules } from "../options/options.ts";
import type { Message } from "../wire/message.ts";

export class RoutePermissions {
  readonly #import: Permissions | undefined;
  readonly #export: Permissions | undefined;

  constructor({ publish, subscribe }: PermissionsOptions = {}) {
    this.#import = interestRules(publish);
    this.#export = interestRules(subscribe);
  }

  /** May peers hear of interest of this server's clients in `subject`? */
  mayImport(subject: string): boolean {
    return this.#import?.maySubscribe(subject, "") ?? true;
  }

  /** May a peer have interest in `subject`? */
  mayExport(subject: string): boolean {
    return this.#export?.maySubscribe(subject, "") ?? true;
  }

  /** Is `message`, which a peer has interest in, kept from it? */
  hides({ subjectBuffer, subjectStart, subjectEnd, memo }: Message): boolean {
    const rules = this.#export;
    return rules !== undefined &&
      !rules.mayHear(subjectBuffer, subjectStart, subjectEnd, "", memo);
  }
}

/** Interest has to lie within what is allowed as a whole, in both directions. */
function interestRules(
  rules: SubjectRules | undefined,
): Permissions | undefined {
  return rules && permissionsOf({ subscribe: rules });
}
