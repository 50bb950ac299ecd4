/**
 * Masks what an excerpt of a configuration does not need to show: inside
 * blocks, any of which may hold a password or a token, every string, and every
 * comment; outside, the strings of keys that are no options.
 * Keys and structure stay, so that the place of a mistake can be seen.
 *
 * It reads text that did not parse, in either dialect, so it goes by what things
 * look like. A string ends with its quote, as everywhere; whatever else is odd
 * is masked up to the end of its line, and the next line begins anew.
 */

/** Options of the top level whose values are no secrets; the tests compare them with the rows. */
const OPEN_KEYS: ReadonlySet<string> = new Set(
  `allow_non_tls client_advertise connect_error_reports debug
   default_js_domain disable_sublist_cache dont_listen host http
   http_base_path http_port https https_port lame_duck_duration
   lame_duck_grace_period listen log_file log_max_num log_size_limit
   logfile logfile_max_num logfile_size_limit logtime logtime_utc
   max_closed_clients max_conn max_connections max_control_line max_payload
   max_pending max_pending_total max_subs max_subscriptions
   max_traced_msg_len monitor_port net no_auth_user no_fast_producer_stall
   no_header_support no_sublist_cache no_sys_acc no_system
   no_system_account ocsp_cache pid_file pidfile ping_interval ping_max
   port ports_file_dir prof_block_rate prof_port proxy_protocol
   reconnect_error_reports server_metadata server_name server_tags
   store_dir storedir strict syslog system system_account trace trace_headers
   trace_verbose unix_socket_mode write_deadline write_timeout include`.split(
    /\s+/,
  ),
);

/** Keys whose values are no secrets when they are numbers or durations. */
const NUMERIC_KEY =
  /^(?:port|timeout|ttl|cost|pool_size)$|interval|_max|max_|retries|size|deadline|period|duration|limit/i;
const NUMBER = /^-?\d+(?:\.\d+)?[a-z\u00b5]*$/i;
const WORD = /^(?:true|false|yes|no|on|off|\$\w+)$/i;

/** `text` with asterisks; `isInside` when all of it stands inside a block. */
export function maskBlocks(text: string, isInside: boolean): string {
  const masker = new BlockMasker(text, isInside);
  masker.run();
  return masker.masked;
}

/** A bracket that is open. */
interface Bracket {
  readonly isList: boolean;
  readonly isSecret: boolean;
  /** The key of a list; each of its items is a value of that. */
  readonly key: string;
}

const BLANKS = /[ \t]*/y;
const SPACE = /[\s,;]*/y;
const COMMENT = /(?:#|\/\/)[^\n]*/y;
const HEADER = /\[\[?[\w \t."'-]*\]?\]?[ \t]*(?=[\r\n#]|$)/y;
const KEY = /"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s:={}[\],;#"']+/y;
/** What stands between a key and its value; a value needs one of them. */
const SEPARATOR = /[ \t]*[:=]\s*|[ \t]+(?![\s}\],;#])|(?=[{[])/y;
const LONG_STRING = /"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)/y;
const STRING = /"(?:\\[^]|[^"\\])*(?:"|$)|'[^']*(?:'|$)/y;
const BLOCK_STRING = /\([ \t]*\r?\n[^]*?(?:\n[ \t]*\)|$)/y;
const BARE = /(?![{[])[^\s,;\]}]+/y;
const LINE = /[^\n]*/y;
const REST = /[^\n,;}\]]*/y;

class BlockMasker {
  masked = "";
  readonly #text: string;
  readonly #brackets: Bracket[] = [];
  /** Outside of all brackets: in a secret file, or below a header of TOML. */
  #isInside: boolean;
  #at = 0;
  #shown = 0;

  constructor(text: string, isInside: boolean) {
    this.#text = text;
    this.#isInside = isInside;
  }

  run(): void {
    while (this.#at < this.#text.length) this.#step();
    this.masked += this.#text.slice(this.#shown);
  }

  #step(): void {
    const before = this.#at;
    this.#take(SPACE);
    this.#mask(COMMENT, /^(?:#|\/\/)/);
    const next = this.#text.charAt(this.#at);
    const inner = this.#brackets.at(-1);
    if (inner !== undefined && next === (inner.isList ? "]" : "}")) {
      this.#brackets.pop();
      this.#at++;
    } else if (next === "{" && !inner?.isList) {
      this.#open({ isList: false, isSecret: this.#isSecret, key: "" });
    } else if (inner?.isList) this.#value(inner.key, inner.isSecret);
    else if (next === "[") this.#header();
    else this.#entry();
    // What is nothing of all that has a meaning that nobody knows.
    if (this.#at === before) this.#hideNextWith(REST);
  }

  get #isSecret(): boolean {
    return this.#brackets.at(-1)?.isSecret ?? this.#isInside;
  }

  #open(bracket: Bracket): void {
    this.#brackets.push(bracket);
    this.#at++;
  }

  /** `[name]` of TOML, after which all belongs to that block. */
  #header(): void {
    if (this.#brackets.length > 0) return;
    if (this.#take(HEADER) !== undefined) this.#isInside = true;
  }

  #entry(): void {
    const start = this.#at;
    const key = this.#take(KEY);
    if (key === undefined) {
      // A quote that is not closed in its line.
      if (/["']/.test(this.#text.charAt(start))) this.#mask(LINE, /^/);
      return;
    }
    if (this.#take(SEPARATOR) === undefined) {
      // A word alone is what is left of a broken line.
      const isShown = !this.#isSecret && isOpenKey(key);
      if (!isShown) this.#hide(start, this.#at);
      return this.#odd(!isShown);
    }
    const name = key.replace(/^["']|["']$/g, "");
    if (!isName(name)) this.#hide(start, start + key.length);
    this.#value(name, this.#isSecret);
  }

  #value(key: string, isSecret: boolean): void {
    const next = this.#text.charAt(this.#at);
    if (next === "{" || next === "[") {
      const isOpen = !isSecret && next === "[" && isOpenKey(key);
      return this.#open({ isList: next === "[", isSecret: !isOpen, key });
    }
    const start = this.#at;
    const text = this.#take(LONG_STRING) ?? this.#take(STRING) ??
      this.#take(BLOCK_STRING);
    const bare = text === undefined ? this.#take(BARE) : undefined;
    // Where a value is missing, what is behind it in the line may be its rest.
    if ((text ?? bare) === undefined) return this.#hideRest(isSecret);
    const isShown = isSecret
      ? bare !== undefined && isHarmless(bare, key)
      : isOpenKey(key) || bare !== undefined && NUMBER.test(bare);
    if (!isShown) this.#hide(start, this.#at);
    this.#odd(!isShown || isSecret || text !== undefined);
  }

  #hideRest(isSecret: boolean): void {
    if (isSecret && /[,;]/.test(this.#text.charAt(this.#at))) {
      this.#hideNextWith(LINE);
    }
  }

  /** Behind a value there is nothing more; what is there may be a part of it. */
  #odd(isHidden: boolean): void {
    this.#take(BLANKS);
    if (/[#/]/.test(this.#text.charAt(this.#at))) return;
    const start = this.#at;
    this.#take(REST);
    if (isHidden) this.#hide(start, this.#at);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found[0];
  }

  #mask(pattern: RegExp, shown: RegExp): void {
    const start = this.#at;
    const found = this.#take(pattern);
    if (found === undefined) return;
    this.#hide(start + (shown.exec(found)?.[0].length ?? 0), this.#at);
  }

  /** Hides the next character, and what `pattern` finds behind it. */
  #hideNextWith(pattern: RegExp): void {
    const start = this.#at++;
    this.#take(pattern);
    this.#hide(start, this.#at);
  }

  #hide(start: number, end: number): void {
    this.masked += this.#text.slice(this.#shown, start) +
      this.#text.slice(start, end).replace(/[^\s"']/g, "*");
    this.#shown = end;
  }
}

function isHarmless(word: string, key: string): boolean {
  return WORD.test(word) || NUMBER.test(word) && NUMERIC_KEY.test(key);
}

/**
 * Whether the value of `key` at the top level may be shown: that of an option
 * which is no secret. What is mistyped may be one.
 */
function isOpenKey(key: string): boolean {
  return OPEN_KEYS.has(key.toLowerCase());
}

/** Whether `key` looks like one, and not like a line whose quotes are broken. */
export function isName(key: string): boolean {
  return /^[\p{L}\p{N}_.-]{1,64}$/u.test(key);
}
