/**
 * Where a URL's token or password comes from: the URL, a variable of the
 * environment, or a file. A file is read at each question, so that a secret may
 * be replaced while the program runs.
 */
import { DiscoveryError } from "../discovery.ts";
import type { DiscoveryPlatform } from "../platform.ts";
import type { Files } from "../../platform/files.ts";
import { untilAborted } from "../until_aborted.ts";
import type { DiscoveryTarget } from "../url.ts";

const SECRET_CHARS_MAX = 4096;

/** A secret that is known, or the file that holds it. */
export type Secret =
  | { readonly text: string }
  | { readonly path: string };

/** The secret of a target, empty for none. Throws a `DiscoveryError` when there are two, or the variable is not set. */
export function secretOf(
  { name, secret, params }: DiscoveryTarget,
  platform: Pick<DiscoveryPlatform, "environment">,
): Secret {
  const variable = params.get("token_env") ?? params.get("password_env");
  const path = params.get("token_file") ?? params.get("password_file");
  const given = [secret || undefined, variable, path];
  if (given.filter((each) => each !== undefined).length > 1) {
    throw cannotUse(name, "it names more than one secret");
  }
  if (path !== undefined) return { path };
  if (variable === undefined) return { text: secret };
  const text = variableText(variable, name, platform);
  if (text === undefined || text === "") {
    throw cannotUse(name, "the variable of its secret is not set");
  }
  checkSecret(text, name);
  return { text };
}

function variableText(
  variable: string,
  name: string,
  platform: Pick<DiscoveryPlatform, "environment">,
): string | undefined {
  try {
    return platform.environment(variable);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw cannotUse(name, why);
  }
}

/** What `make` made of the secret that a file holds now. */
export class SecretReader<T> {
  readonly #name: string;
  readonly #path: string;
  readonly #files: Files;
  readonly #make: (secret: string) => T;
  #secret = "";
  #made: T | undefined;

  constructor(
    name: string,
    path: string,
    files: Files,
    make: (secret: string) => T,
  ) {
    this.#name = name;
    this.#path = path;
    this.#files = files;
    this.#make = make;
  }

  async current(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const secret = await untilAborted(this.#read(), signal);
    if (this.#made === undefined || secret !== this.#secret) {
      this.#made = this.#make(secret);
      this.#secret = secret;
    }
    return this.#made;
  }

  async #read(): Promise<string> {
    let text: string;
    try {
      text = (await this.#files.readText(this.#path)).trim();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DiscoveryError(
        `Cannot read the secret for "${this.#name}": ${why}`,
        { cause },
      );
    }
    if (text === "") {
      throw cannotUse(this.#name, "the file of its secret is empty");
    }
    checkSecret(text, this.#name);
    return text;
  }
}

/** It becomes part of a header. */
function checkSecret(text: string, name: string): void {
  if (text.length > SECRET_CHARS_MAX || /\p{Cc}/u.test(text)) {
    throw cannotUse(name, "its secret is no single short line");
  }
}

function cannotUse(name: string, why: string): DiscoveryError {
  return new DiscoveryError(`Cannot use "${name}" for discovery: ${why}`);
}
