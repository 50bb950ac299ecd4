/**
 * Keeps secrets out of what is shown: error messages, excerpts of
 * configurations, names of providers, lines of the log. This is the one place
 * that decides what is a secret and how it looks instead:
 *
 * - the values of keys and of URL parameters whose names say so;
 * - the user information of a URL: all that stands before its last `@`;
 * - the credentials of a CONNECT, and every bcrypt hash.
 *
 * It works on text, because the text that needs it most is text that did not
 * parse, and in time linear in its length, because others may have written it.
 * Nothing is quoted before it went through here.
 */

import { fieldName } from "./json.ts";
import { alignedLine } from "./quote.ts";

export const REDACTED = "[REDACTED]";

// Wider than the keys that exist: a misspelt `pasword` is reported with its
// line, and its value is a password all the same.
const SECRET_KEY = /pass|pasw|pwd|token|secret|credential|seed|sentinel/i;
// Parameters of URLs are named by many programs.
const SECRET_PARAMETER =
  /pass|pasw|pwd?|token|secret|credential|seed|key|auth|sig/i;
/** `token_file=/run/token` tells where a secret is, and not the secret. */
const SECRET_PLACE = /_(?:env|file)$/i;

/** The longest URL that is shown whole. */
const SHOWN_CHARS_MAX = 512;

/** True for keys whose value nobody should see. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key);
}

/** A URL, good or bad, without its user, password or token. */
export function redactUrl(url: string): string {
  const end = url.lastIndexOf("@");
  return redactParameters(
    end < 0 ? url : schemeOf(url) + REDACTED + url.slice(end),
  );
}

/** As `redactUrl`, for the URL of a node, whose `@` may be missing: what stands in the place of its port may be a password. */
export function redactNodeUrl(url: string): string {
  return redactUrl(url).replace(NO_PORT, `$1${REDACTED}`);
}

/**
 * A URL for the log: without its secrets, in one line and bounded, also where
 * the text is no proper URL.
 */
export function loggedUrl(text: string): string {
  const url = text.trim();
  const shown = PATH_FOLLOWS_HOST.test(url)
    ? redactParameters(url)
    : redactNodeUrl(url);
  return alignedLine(shown).replaceAll("\t", "?")
    .slice(0, SHOWN_CHARS_MAX);
}

/** In the path of these an @ is nothing special; elsewhere it ends a password that was not escaped. */
const PATH_FOLLOWS_HOST =
  /^(?:https?|file|cache):\/\/(?:\[[^\]/?#@]*\]|[^:/?#@]*)(?::\d*)?(?:[/?#]|$)/i;

/** What stands where a port should be may be a password, cut off at a comma. */
const NO_PORT =
  /^((?:[a-z][a-z0-9+.-]*:\/\/)?[^:/?#@[]*:)(?!\d+(?:[/?#]|$))[^/?#@]+/i;

/** Of a CONNECT, besides what has the name of a secret. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "jwt",
  "nkey",
  "sig",
  "proxy_sig",
]);

/** CONNECT's JSON for the log; nothing of it when it cannot be read. */
export function redactConnect(json: string): string {
  try {
    const fields: object = JSON.parse(json);
    // A route shows a token as a user without a password.
    const isToken = !hasPassword(fields);
    return JSON.stringify(fields, (name, value) => {
      const field = fieldName(name);
      const isSecret = isSecretKey(field) || SECRET_FIELDS.has(field) ||
        field === "user" && isToken;
      return isSecret && value !== "" ? REDACTED : value;
    });
  } catch {
    return "[UNREADABLE]";
  }
}

function hasPassword(fields: object): boolean {
  return Object.entries(fields)
    .some(([name, value]) => name.toLowerCase() === "pass" && value !== "");
}

function redactParameters(url: string): string {
  return url.replace(
    /([?&#])([^=&#?]*)=([^&#]+)/g,
    (whole, mark: string, name: string) =>
      isSecretParameter(name) ? `${mark}${name}=${REDACTED}` : whole,
  );
}

/** True for parameters of URLs whose value nobody should see; `name` may be escaped. */
export function isSecretParameter(name: string): boolean {
  const plain = unescaped(name);
  return SECRET_PARAMETER.test(plain) && !SECRET_PLACE.test(plain);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? "";
}
