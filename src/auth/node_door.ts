/**
 * The door before the routes of a cluster whose nodes are known by their
 * certificates: `verify_and_map`, by the names of its users;
 * `verify_cert_and_check_known_urls`, by the hosts of its routes.
 *
 * NATS route protocol: who is known by a certificate needs no password.
 */
import type { AuthorizationOptions } from "../options/options.ts";
import { nameInCertificate } from "./certificate_names.ts";
import type { Door, Greeting, LoginRequest, Verdict } from "./door.ts";
import { REFUSED } from "./secret_check.ts";

/** Who is known. */
export interface NodeDoorSettings {
  /** Of the cluster, where certificates name its users. */
  readonly authorization: AuthorizationOptions | undefined;
  /** The hosts of the nodes that this one dials, where certificates are for them. */
  readonly hosts: readonly string[];
  readonly account: string;
}

export class NodeDoor implements Door {
  readonly #users: ReadonlySet<string>;
  readonly #hosts: readonly string[];
  readonly #account: string;

  constructor({ authorization, hosts, account }: NodeDoorSettings) {
    const { user, users = [] } = authorization ?? {};
    this.#users = new Set([
      ...(user === undefined ? [] : [user]),
      ...users.map((each) => each.user),
    ]);
    this.#hosts = hosts;
    this.#account = account;
  }

  greet(): Greeting {
    return { isOpen: false, asksLogin: true, anonymous: undefined };
  }

  makeNonce(): undefined {
    return undefined;
  }

  admit({ tls, log }: LoginRequest): Verdict {
    const found = nameInCertificate(tls, {
      byName: (name, isDnsName) =>
        this.#isKnown(name, isDnsName) ? name : undefined,
      byDn: () => undefined,
    }, log);
    return found === undefined
      ? REFUSED
      : { account: this.#account, user: found };
  }

  #isKnown(name: string, isDnsName: boolean): boolean {
    return this.#users.has(name) ||
      isDnsName && this.#hosts.some((host) => isNameOf(host, name));
  }
}

/** Whether a name in a certificate is for `host`; its first part may be `*`, for any one (RFC 6125, 6.4.3). */
function isNameOf(host: string, name: string): boolean {
  const parts = host.toLowerCase().split(".");
  const named = name.toLowerCase().split(".");
  return parts.length === named.length &&
    named.every((part, index) =>
      part === parts[index] || index === 0 && part === "*"
    );
}
