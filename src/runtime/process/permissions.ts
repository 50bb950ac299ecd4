/**
 * What Deno grants a program, and what is said when it does not. On Bun and Node
 * everything is granted. What Midge cannot do without, it tries: Deno then asks
 * its user, or refuses, and `refusalOf` names the flag that was wanting. What it
 * can do without, it tries only where that `isGranted`, so that nobody is asked
 * for it.
 */

/** A permission, as Deno describes it. */
export type Permission =
  | NetPermission
  | { readonly name: "read" | "write"; readonly path: string }
  | { readonly name: "env"; readonly variable: string }
  | { readonly name: "sys"; readonly kind: "networkInterfaces" | "umask" };

/** `host` is `host:port`, or a host for all of its ports. */
interface NetPermission {
  readonly name: "net";
  readonly host: string;
}

interface DenoPermissions {
  querySync(permission: Permission): { readonly state: string };
  requestSync(permission: Permission): { readonly state: string };
}

/** What Deno did not let Midge do. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code = "ENOTCAPABLE";

  /** `flag` is what Deno wants to be given, such as `--allow-net=127.0.0.1:4222`. */
  constructor(flag: string, cause?: unknown) {
    super(`Deno was not given ${flag}`, { cause });
  }
}

/** `Requires net access to "127.0.0.1:4222", run again with the --allow-net flag` */
const REFUSAL = /^Requires \w+ access(?: to "([^"]*)")?.*(--allow-\w+) flag/s;

const { Deno: deno } = globalThis as {
  readonly Deno?: { readonly permissions: DenoPermissions };
};

/** Whether Deno grants it without a question to its user. */
export function isGranted(permission: Permission): boolean {
  return deno === undefined ||
    deno.permissions.querySync(permission).state === "granted";
}

/**
 * Lets Deno ask its user for an address, `host:port`, and throws when it is not
 * granted. For calls that would end the process instead.
 */
export function askForNet(host: string): void {
  const state = deno?.permissions.requestSync({ name: "net", host }).state;
  if (deno === undefined || state === "granted") return;
  throw new RefusedError(`--allow-net=${host}`);
}

/** As `askForNet`, for a unix socket, for which Deno wants three permissions. */
export function askForUnix(path: string): void {
  askForNet(`unix:${path}`);
  for (const name of ["read", "write"] as const) {
    const state = deno?.permissions.requestSync({ name, path }).state;
    if (deno === undefined || state === "granted") continue;
    throw new RefusedError(`--allow-${name}=${path}`);
  }
}

/** The refusal that an error is; undefined for any other error. */
export function refusalOf(error: unknown): RefusedError | undefined {
  if (error instanceof RefusedError) return error;
  const { name, message } = Object(error) as Partial<Error>;
  if (name !== "NotCapable" || message === undefined) return undefined;
  const [, what, flag] = REFUSAL.exec(message) ?? [];
  if (flag === undefined) return undefined;
  return new RefusedError(what === undefined ? flag : `${flag}=${what}`, error);
}
