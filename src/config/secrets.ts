/**
 * Keeps passwords and tokens out of what is shown: error messages, the lines
 * under them, and printed configurations. It works on text, because the text
 * that needs it most is text that did not parse.
 */

export const REDACTED = "[REDACTED]";

// Wider than the keys that exist: a misspelt `pasword` is reported with its
// line, and its value is a password all the same.
const SECRET_WORD = "(?:pass|pasw|pwd|token|secret|credential|seed)";
const SECRET_KEY = `[\\w-]*${SECRET_WORD}[\\w-]*`;
const HAS_SECRET_WORD = new RegExp(SECRET_WORD, "i");

const SEPARATOR = "[\"']?(?:\\s*[=:]\\s*|\\s+)";
// Quoted in any way, a block, or bare.
const VALUE = `"""[^]*?"""|'''[^]*?'''|"(?:\\\\[^]|[^"\\\\])*"?|'[^']*'?` +
  `|\\([^]*?\\n\\)|(?![{[])[^\\s,;\\]}]+`;
const SECRET_VARIABLE = new RegExp(
  `\\b${SECRET_KEY}${SEPARATOR}\\$(\\w+)`,
  "gi",
);
const URL_USER = /(:\/\/)([^\s"']*)(?=@)/g;
const BCRYPT_HASH = /\$2[abxy]\$\d\d\$[./A-Za-z0-9]+/g;

/** True for keys whose value nobody should see. */
export function isSecretKey(key: string): boolean {
  return HAS_SECRET_WORD.test(key);
}

/** `text` with asterisks for its secrets, and everything else where it was. */
export function maskSecrets(text: string): string {
  const variables = [...text.matchAll(SECRET_VARIABLE)]
    .map(([, name = ""]) => `|${name}`);
  const secret = new RegExp(
    `(\\b(?:${SECRET_KEY}${variables.join("")})${SEPARATOR})(${VALUE})`,
    "gi",
  );
  const maskSecond = (_: string, first: string, second: string): string =>
    first + mask(second);
  return text.replace(secret, maskSecond)
    .replace(URL_USER, maskSecond)
    .replace(BCRYPT_HASH, mask);
}

function mask(secret: string): string {
  return secret.replace(/[^\s"']/g, "*");
}

/** A URL, good or bad, without its user, password or token. */
export function redactUrl(url: string): string {
  const end = url.lastIndexOf("@");
  if (end < 0) return url;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? "";
  return scheme + REDACTED + url.slice(end);
}
