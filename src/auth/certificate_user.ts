/** The users of a configuration by the names that certificates have for them. */
import { type DnKeys, dnKeysOfText } from "../core/distinguished_name.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { nameInCertificate } from "./certificate_names.ts";
import type { LoginRequest } from "./door.ts";
import type { KnownUser } from "./user_table.ts";

/** Names that take as long to read as a step. */
const NAMES_PER_STEP = 128;

export class CertificateUsers {
  readonly #byName: ReadonlyMap<string, KnownUser>;
  /** By the keys of names that are distinguished names. */
  readonly #inOrder = new Map<string, KnownUser[]>();
  readonly #inAnyOrder = new Map<string, KnownUser[]>();

  private constructor(byName: ReadonlyMap<string, KnownUser>) {
    this.#byName = byName;
  }

  static *of(byName: ReadonlyMap<string, KnownUser>): Steps<CertificateUsers> {
    const users = new CertificateUsers(byName);
    yield* forEachInSteps(byName, NAMES_PER_STEP, ([name, user]) => {
      const keys = dnKeysOfText(name);
      if (keys === undefined) return;
      append(users.#inOrder, keys.inOrder, user);
      append(users.#inAnyOrder, keys.inAnyOrder, user);
    });
    return users;
  }

  /** Who the peer is among those that `mayCome` lets come; undefined: nobody, and the log says why. */
  userOf(
    { tls, log }: Pick<LoginRequest, "tls" | "log">,
    mayCome: (user: KnownUser) => boolean,
  ): KnownUser | undefined {
    let user: KnownUser | undefined;
    const take = (found: KnownUser | undefined): string | undefined => {
      if (found === undefined || !mayCome(found)) return undefined;
      user = found;
      return found.principal.user;
    };
    nameInCertificate(tls, {
      byName: (name) => take(this.#byName.get(name)),
      byDn: (keys) => take(this.#withKeys(keys).find(mayCome)),
    }, log);
    return user;
  }

  #withKeys({ inOrder, inAnyOrder }: DnKeys): readonly KnownUser[] {
    return [
      ...this.#inOrder.get(inOrder) ?? [],
      ...this.#inAnyOrder.get(inAnyOrder) ?? [],
    ];
  }
}

function append(
  lists: Map<string, KnownUser[]>,
  key: string,
  user: KnownUser,
): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [user]);
  else list.push(user);
}
