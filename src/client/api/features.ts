/** What can be asked about the abilities of a server. */

/** Abilities by the names that the official client has for them, such as `js_kv`. */
export interface ServerFeatures {
  /** The first version that has it, and whether the server does. */
  get(feature: string): { readonly min: string; readonly ok: boolean };
  /** Whether the server has it. */
  supports(feature: string): boolean;
  /** Whether the server is of that version, or newer. */
  require(version: string): boolean;
}
