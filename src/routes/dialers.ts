/**
 * The book of dialers: which servers this one dials, and which of its
 * connections each dialer made or rests on. `membership.ts` decides what
 * becomes of a connection; here is what that means for its dialers.
 */
import type { RouteTarget } from "../options/options.ts";
import { formatAddress } from "../net/address.ts";
import {
  Dialer,
  type DialerOwner,
  type DialOrigin,
  type RetryPolicy,
} from "./dialer.ts";
import type { Member } from "./member.ts";

/** What discovery found. */
export interface FoundTarget {
  readonly target: RouteTarget;
  /** The route to that server, if it stands. */
  readonly route: Member | undefined;
}

/** What dialers need, and what takes the connections that they make. */
export type DialersWorld = Omit<DialerOwner, "gaveUp">;

/** Credentials that this server shows to another one. */
export type RouteCredentials = Pick<
  RouteTarget,
  "user" | "password" | "token"
>;

/** Only those, of what may be a whole target. */
function credentialsIn(
  { user, password, token }: RouteCredentials,
): RouteCredentials {
  return {
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(token !== undefined && { token }),
  };
}

export class Dialers {
  readonly #owner: Omit<DialerOwner, "retry"> & { retry: RetryPolicy };
  readonly #dialers = new Set<Dialer>();

  constructor(world: DialersWorld) {
    const gaveUp = (dialer: Dialer): void => {
      this.#dialers.delete(dialer);
    };
    this.#owner = { ...world, gaveUp };
  }

  /** Dials `target`, and again whenever its connection is lost. */
  dial(target: RouteTarget, origin: DialOrigin): void {
    const dialer = new Dialer(this.#owner, target, origin);
    this.#dialers.add(dialer);
    dialer.start();
  }

  /** Failures from now on are taken in another way. */
  reconfigure(retry: RetryPolicy): void {
    this.#owner.retry = retry;
  }

  /**
   * Other servers are configured to be dialled. Gives the dialers of those that
   * are not any more, and are forgotten.
   */
  replaceConfigured(targets: readonly RouteTarget[]): Dialer[] {
    const wanted = new Map(targets.map((target) => [
      formatAddress(target),
      target,
    ]));
    const removed = [...this.#dialers]
      .filter((dialer) => dialer.explicit && !wanted.has(dialer.name));
    for (const dialer of removed) this.#forget(dialer);
    for (const target of wanted.values()) {
      const known = this.#dialerOf(target);
      if (known === undefined) this.dial(target, "configured");
      else known.origin = "configured";
    }
    return removed;
  }

  /** Asks anew for the credentials of each; gives the dialers that have others now. */
  replaceCredentials(
    credentialsOf: (dialer: Dialer) => RouteCredentials,
  ): Dialer[] {
    return [...this.#dialers].filter((dialer) => {
      const { user: _, password: __, token: ___, ...place } = dialer.target;
      const before = dialer.target;
      const after = credentialsOf(dialer);
      dialer.target = { ...place, ...credentialsIn(after) };
      return before.user !== after.user || before.token !== after.token ||
        before.password !== after.password;
    });
  }

  /**
   * Keeps dialling what discovery finds now, and forgets what it found before.
   * `isUrgent`: none has been reached, so long waits end.
   */
  replaceFound(found: readonly FoundTarget[], isUrgent: boolean): void {
    const keys = new Set(found.map(({ target }) => formatAddress(target)));
    for (const dialer of this.#dialers) {
      const isGone = dialer.origin === "found" && !keys.has(dialer.name);
      if (isGone) this.#forget(dialer);
    }
    const byName = new Map([...this.#dialers].map((dialer) => [
      dialer.name,
      dialer,
    ]));
    for (const { target, route } of found) {
      const known = byName.get(formatAddress(target));
      const dialer = known ?? new Dialer(this.#owner, target, "found");
      this.#dialers.add(dialer);
      // A configured dialer stays what it is, whatever providers claim.
      if (dialer.explicit) continue;
      // From now on it is tried as long as it is listed.
      dialer.origin = "found";
      if (route !== undefined && dialer.rest()) route.dialers.add(dialer);
      else if (known === undefined) dialer.start();
      else if (isUrgent) dialer.hurry();
    }
  }

  /** How many there are of one origin. */
  countOf(origin: DialOrigin): number {
    let count = 0;
    for (const dialer of this.#dialers) if (dialer.origin === origin) count++;
    return count;
  }

  /** Whether a dialer has this very address, dialling or resting on a route. */
  knows(target: RouteTarget): boolean {
    return this.#dialerOf(target) !== undefined;
  }

  stop(): void {
    for (const dialer of this.#dialers) dialer.stop();
  }

  /**
   * Dialers of a connection that has ended rest on `heir`, or dial.
   * `wasCutOff`: neither side meant it to end.
   */
  passOn(ended: Member, heir: Member | undefined, wasCutOff: boolean): void {
    for (const dialer of ended.dialers) {
      if (!this.#dialers.has(dialer)) continue;
      if (heir === undefined) dialer.lost(wasCutOff);
      else heir.dialers.add(dialer);
    }
    ended.dialers.clear();
  }

  /** Forgets the dialers of a connection; of one origin only, if it is given. */
  drop(member: Member, origin?: DialOrigin): Dialer[] {
    const dropped = [...member.dialers].filter((dialer) =>
      origin === undefined || dialer.origin === origin
    );
    for (const dialer of dropped) {
      this.#forget(dialer);
      member.dialers.delete(dialer);
    }
    return dropped;
  }

  #dialerOf({ host, port }: RouteTarget): Dialer | undefined {
    for (const dialer of this.#dialers) {
      const { target } = dialer;
      if (target.host === host && target.port === port) return dialer;
    }
    return undefined;
  }

  #forget(dialer: Dialer): void {
    dialer.stop();
    this.#dialers.delete(dialer);
  }
}
