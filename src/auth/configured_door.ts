/**
 * Which door a configuration without an operator asks for: one that is open to
 * all, one that knows users, or one that asks a service as well.
 */
import { finishSteps, type Steps } from "../core/steps.ts";
import {
  authTimeoutMs,
  type AuthTimeoutOptions,
} from "../core/auth_timeout.ts";
import type { AccountOptions, TrustOptions } from "../options/options.ts";
import { CalloutDoor, type CalloutWorld } from "./callout/callout_door.ts";
import { CertificateUsers } from "./certificate_user.ts";
import type { Door, Greeting, Principal, Verdict } from "./door.ts";
import { UNKNOWN } from "./secret_check.ts";
import { hasUsers, type UserTable, userTable } from "./user_table.ts";
import {
  type DoorPlatform,
  UsersDoor,
  type UsersDoorSettings,
} from "./users_door.ts";

/** What a door is made of. */
interface DoorSettings extends UsersDoorSettings {
  readonly accounts: readonly AccountOptions[];
  /** Operators vouch for all that come in. */
  readonly trust?: TrustOptions;
  /** Of the clients' port. */
  readonly tls?: AuthTimeoutOptions["tls"];
  /** On some port clients are who their certificates say. */
  readonly mapsCertificates?: boolean;
}

/**
 * The door that `settings` ask for. `world` is what a door needs that asks a
 * service; without it, nobody comes in where a service decides.
 */
export function makeDoor(
  settings: DoorSettings,
  platform: DoorPlatform,
  world?: CalloutWorld,
): Door {
  return finishSteps(makeDoorInSteps(settings, platform, world));
}

/** As `makeDoor`, in steps: there may be many users. */
export function* makeDoorInSteps(
  settings: DoorSettings,
  platform: DoorPlatform,
  world?: CalloutWorld,
): Steps<Door> {
  const { trust, authorization } = settings;
  const callout = authorization?.authCallout;
  // Nobody comes in where an operator decides, or a service that cannot be asked.
  if (
    trust !== undefined || (callout !== undefined && world === undefined)
  ) return new ShutDoor();
  const inside = yield* doorOfUsers(settings, platform);
  return callout === undefined || world === undefined
    ? inside
    : new CalloutDoor(callout, authTimeoutMs(settings), inside, world);
}

function* doorOfUsers(
  settings: DoorSettings,
  platform: DoorPlatform,
): Steps<Door> {
  const table = yield* userTable(settings);
  if (settings.authorization?.token === undefined && !hasUsers(settings)) {
    return new OpenDoor(settings.account);
  }
  const byCertificate = mapsUsers(settings, table)
    ? yield* CertificateUsers.of(table.byName)
    : undefined;
  return new UsersDoor(settings, { ...table, byCertificate }, platform);
}

/** NATS: the one user of an `authorization` is no user that a certificate could name. */
function mapsUsers(
  { mapsCertificates, authorization }: DoorSettings,
  { byName }: UserTable,
): boolean {
  const single = authorization?.user === undefined ? 0 : 1;
  return mapsCertificates === true && byName.size > single;
}

/** Nobody comes in. */
class ShutDoor implements Door {
  greet(): Greeting {
    return { isOpen: false, asksLogin: true, anonymous: undefined };
  }

  makeNonce(): undefined {
    return undefined;
  }

  admit(): Verdict {
    return UNKNOWN;
  }
}

/** Everybody comes in, whatever they bring. */
class OpenDoor implements Door {
  readonly #greeting: Greeting;
  readonly #anybody: Principal;

  constructor(account: string) {
    this.#anybody = { account, user: "" };
    this.#greeting = {
      isOpen: true,
      asksLogin: false,
      anonymous: this.#anybody,
    };
  }

  greet(): Greeting {
    return this.#greeting;
  }

  makeNonce(): undefined {
    return undefined;
  }

  admit(): Verdict {
    return this.#anybody;
  }
}
