/**
 * Permissions without a few subjects: nobody but the server may ask the service,
 * and nobody but the service may hear what is asked and answered.
 */
import type {
  PermissionsOptions,
  SubjectRules,
} from "../../options/options.ts";

const QUESTIONS = "$SYS.REQ.USER.AUTH";
const ANSWERS = "$SYS._INBOX.>";

const EVERYTHING: PermissionsOptions = {};

export class Narrowing {
  readonly #publish: readonly string[];
  readonly #subscribe: readonly string[];
  /** By what may be done without it, so that connections share the result. */
  readonly #known = new WeakMap<PermissionsOptions, PermissionsOptions>();

  private constructor(
    publish: readonly string[],
    subscribe: readonly string[],
  ) {
    this.#publish = publish;
    this.#subscribe = subscribe;
  }

  /** For the service: it asks nothing. */
  static ofService(): Narrowing {
    return new Narrowing([QUESTIONS], []);
  }

  /** For all others in its account. */
  static ofOthers(): Narrowing {
    return new Narrowing([QUESTIONS, ANSWERS], [QUESTIONS, ANSWERS]);
  }

  /** What is left of `permissions`; undefined: everything is allowed. */
  of(permissions: PermissionsOptions = EVERYTHING): PermissionsOptions {
    const known = this.#known.get(permissions);
    if (known !== undefined) return known;
    const narrowed: PermissionsOptions = {
      ...permissions,
      publish: without(permissions.publish, this.#publish),
      subscribe: without(permissions.subscribe, this.#subscribe),
    };
    this.#known.set(permissions, narrowed);
    return narrowed;
  }
}

function without(
  rules: SubjectRules | undefined,
  subjects: readonly string[],
): SubjectRules {
  return { ...rules, deny: [...rules?.deny ?? [], ...subjects] };
}
