/**
 * What texts of a talk stand for something by `<<...>>`: keys, tokens that are
 * signed by them, and what only the one who speaks knows.
 */
import { fromSeed } from "../../../src/core/nkeys.ts";

/** What a peer has heard so far. */
export interface Heard {
  /** Of the INFO that it was greeted with. */
  readonly nonce: string;
  readonly serverId: string;
  /** The reply subject of the last message that came. */
  readonly reply: string;
}

const INNERMOST = /<<((?:(?!<<|>>)[^])*)>>/;

/** `<<9*ab>>` is nine times `ab`. */
const TIMES = /^(\d+)\*([^]+)$/;

export class Names {
  readonly #seeds = new Map<string, string>();
  readonly #tokens = new Map<string, string>();

  addKey(name: string, seed: string): void {
    this.#seeds.set(name, seed);
  }

  /** `by` is `by NAME` of the key that signs the claims, or nothing: `text` is a token. */
  addToken(name: string, by: string, text: string): void {
    const signer = by.replace(/^by /, "");
    const body = this.filled(text);
    this.#tokens.set(name, signer === "" ? body : this.#sign(signer, body));
  }

  /** `text` with what its `<<...>>` stand for; `heard` by the peer that says it. */
  filled(text: string, heard?: Heard): string {
    let result = text;
    for (let match; (match = INNERMOST.exec(result)) !== null;) {
      result = result.slice(0, match.index) +
        this.#meaning(match[1]!, heard) +
        result.slice(match.index + match[0].length);
    }
    return result;
  }

  #meaning(name: string, heard: Heard | undefined): string {
    if (name.startsWith("+")) return `${byteLength(name) - 1}↵${name.slice(1)}`;
    const [, times, text = ""] = TIMES.exec(name) ?? [];
    if (text !== "") return text.repeat(Number(times));
    const [kind = "", what = ""] = name.split(" ");
    if (kind === "h") return withHeaders(name.slice(2));
    if (kind === "times") return name.split(" ")[2]!.repeat(Number(what));
    if (kind === "public") return this.#key(what).getPublicKey();
    if (kind === "seed") return this.#seeds.get(what)!;
    if (kind === "jwt") return given(this.#tokens.get(what), name);
    if (kind === "cut") return given(this.#tokens.get(what), name).slice(0, -9);
    if (heard === undefined) throw new Error(`nobody has heard of <<${name}>>`);
    if (kind === "sig") return base64(this.#key(what).sign(bytes(heard.nonce)));
    if (kind === "server") return heard.serverId;
    if (kind === "reply") return heard.reply;
    throw new Error(`<<${name}>> stands for nothing`);
  }

  #key(name: string): ReturnType<typeof fromSeed> {
    return fromSeed(bytes(given(this.#seeds.get(name), name)));
  }

  #sign(signer: string, claims: string): string {
    const key = this.#key(signer);
    const payload = { jti: "x", iat: 1764374400, ...JSON.parse(claims) };
    payload.iss ??= key.getPublicKey();
    const head = base64(bytes('{"typ":"JWT","alg":"ed25519-nkey"}'));
    const text = `${head}.${base64(bytes(JSON.stringify(payload)))}`;
    return `${text}.${base64(key.sign(bytes(text)))}`;
  }
}

function given(text: string | undefined, name: string): string {
  if (text === undefined) throw new Error(`nothing has the name of ${name}`);
  return text;
}

/** The sizes, headers and payload behind the subject of HPUB: of `A: b;C: d|payload`. */
function withHeaders(text: string): string {
  const at = text.indexOf("|");
  const headers = text.slice(0, at).split(";").map((line) => `${line}\r\n`);
  const block = `NATS/1.0\r\n${headers.join("")}\r\n`;
  const body = block + text.slice(at + 1);
  return `${byteLength(block)} ${byteLength(body)}↵${body}`;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Texts are byte strings. */
function byteLength(text: string): number {
  return text.length;
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
