/** Permissions of users by JWT, the same object for all that have the same. */
import type { PermissionsOptions } from "../../options/options.ts";
import { permissionsFrom } from "./account_options.ts";
import type { ClaimedPermissions } from "./claims.ts";

/** Those that are kept; the oldest goes first. */
const KEPT_MAX = 4096;

export class SharedPermissions {
  readonly #known = new Map<string, PermissionsOptions>();

  /** Undefined: the JWT says nothing of permissions. */
  of(claimed: ClaimedPermissions): PermissionsOptions | undefined {
    const own = permissionsFrom(claimed);
    if (own === undefined) return undefined;
    const key = JSON.stringify(own);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= KEPT_MAX) {
      const [oldest] = this.#known.keys();
      this.#known.delete(oldest!);
    }
    this.#known.set(key, own);
    return own;
  }
}
