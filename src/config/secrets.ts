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

// Where these are no blocks, they may be the secret itself.
const SECRET_BLOCKS = "authorization|users";

const SEPARATOR = "[\"']?(?:\\s*[=:]\\s*|\\s+)";
// Quoted in any way, a block, or bare.
const VALUE = `"""[^]*?"""|'''[^]*?'''|"(?:\\\\[^]|[^"\\\\])*"?|'[^']*'?` +
  `|\\([^]*?\\n\\)|(?![{[])[^\\s,;\\]}]+`;
const SECRET_VARIABLE = new RegExp(
  `\\b${SECRET_KEY}${SEPARATOR}\\$(\\w+)`,
  "gi",
);
const WORD = /[^\s"'[{]+/g;
const BCRYPT_HASH = /\$2[abxy]\$\d\d\$[./A-Za-z0-9]+/g;

// Of URLs; it may be called by more names than a key of the configuration.
const SECRET_PARAMETER = new RegExp(
  `([?&][\\w-]*(?:${SECRET_WORD}|key|auth|sig)[\\w-]*=)([^&#,;\\s"']+)`,
  "gi",
);

/** True for keys whose value nobody should see. */
export function isSecretKey(key: string): boolean {
  return HAS_SECRET_WORD.test(key);
}

/** `text` with asterisks for its secrets, and everything else where it was. */
export function maskSecrets(text: string): string {
  const variables = [...text.matchAll(SECRET_VARIABLE)]
    .map(([, name = ""]) => `|${name}`);
  const secret = new RegExp(
    `(\\b(?:${SECRET_KEY}|${SECRET_BLOCKS}${variables.join("")})` +
      `${SEPARATOR})(${VALUE})`,
    "gi",
  );
  const maskSecond = (_: string, first: string, second: string): string =>
    first + mask(second);
  return text.replace(secret, maskSecond)
    .replace(WORD, maskUrlUser)
    .replace(SECRET_PARAMETER, maskSecond)
    .replace(BCRYPT_HASH, mask);
}

// A URL may lack its scheme: that is one of the mistakes that are reported.
function maskUrlUser(word: string): string {
  const end = word.lastIndexOf("@");
  if (end < 0) return word;
  const start = schemeOf(word).length;
  return word.slice(0, start) + mask(word.slice(start, end)) + word.slice(end);
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? "";
}

function mask(secret: string): string {
  return secret.replace(/[^\s"']/g, "*");
}

/** A URL, good or bad, without its user, password or token. */
export function redactUrl(url: string): string {
  const end = url.lastIndexOf("@");
  const shown = end < 0 ? url : schemeOf(url) + REDACTED + url.slice(end);
  return shown.replace(SECRET_PARAMETER, `$1${REDACTED}`);
}
