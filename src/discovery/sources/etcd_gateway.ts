/**
 * etcd v3 by its JSON gateway: calls and streams, with a user or without.
 * Keys and values travel in base64, 64-bit numbers as strings, a stream as one
 * JSON object a line. A token that has expired is replaced without a word.
 *
 * Source: etcd's gRPC gateway, https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
 */
import { formatAddress } from "../../net/address.ts";
import { DiscoveryError } from "../discovery.ts";
import { ANSWER_BYTES_MAX, askHttp, cannotAsk } from "./http_ask.ts";
import { jsonLines } from "./json_lines.ts";
import type { Fetch } from "../../platform/fetch.ts";

export type JsonFields = Readonly<Record<string, unknown>>;

export interface EtcdAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Empty for none. */
  readonly user: string;
  readonly password: string;
}

/** gRPC's numbers for what etcd refuses. */
export const EtcdCode = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  FAILED_PRECONDITION: 9,
  UNAUTHENTICATED: 16,
} as const;

/** The words of etcd that help an operator; no others are passed on. */
const KNOWN_TEXTS: readonly string[] = [
  "authentication failed, invalid user ID or password",
  "authentication is not enabled",
  "invalid auth token",
  "no leader",
  "permission denied",
  "request timed out",
  "requested lease not found",
  "revision of auth store is old",
  "too many requests",
  "user name is empty",
  "mvcc: database space exceeded",
];

/** A token is missing, has expired, or is older than the last change of rights. */
const TOKEN_TEXTS: readonly string[] = [
  "invalid auth token",
  "revision of auth store is old",
  "user name is empty",
];

/** What a call came to: its answer, or why etcd refused. */
interface Outcome {
  readonly fields?: JsonFields;
  readonly refusal?: EtcdRefusal;
}

export interface EtcdRefusal {
  readonly code: number;
  /** One of the known texts, or empty. */
  readonly text: string;
}

export class EtcdGateway {
  /** For errors, without secrets. */
  readonly name: string;
  readonly #address: EtcdAddress;
  readonly #fetch: Fetch;
  #token: string | undefined;

  constructor(name: string, address: EtcdAddress, fetch: Fetch) {
    this.name = name;
    this.#address = address;
    this.#fetch = fetch;
  }

  /** The answer's fields. Throws a `DiscoveryError` when etcd refuses, or cannot be asked. */
  async call(
    path: string,
    body: JsonFields,
    signal: AbortSignal,
  ): Promise<JsonFields> {
    const { fields, refusal } = await this.tryCall(path, body, signal);
    if (fields === undefined) throw this.refused(refusal);
    return fields;
  }

  /** Like `call`, and gives back what etcd refused. */
  async tryCall(
    path: string,
    body: JsonFields,
    signal: AbortSignal,
  ): Promise<Outcome> {
    await this.#logIn(signal);
    const outcome = await this.#post(path, body, signal);
    if (!this.forgetToken(outcome.refusal)) return outcome;
    await this.#logIn(signal);
    return await this.#post(path, body, signal);
  }

  /** What etcd tells on one stream, until that ends or the signal aborts. Throws as `call` does. */
  async *stream(
    path: string,
    body: JsonFields,
    signal: AbortSignal,
  ): AsyncGenerator<JsonFields, void> {
    await this.#logIn(signal);
    try {
      for await (const line of this.#lines(path, body, signal)) {
        const result = fieldsOf(fieldsOf(line)?.["result"]);
        if (result === undefined) throw this.refused(refusalOf(line));
        yield result;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof DiscoveryError
        ? error
        : cannotAsk(this.name, error instanceof Error ? error.message : "");
    }
  }

  /** True if the refusal was about a token, which will be replaced at the next call. */
  forgetToken(refusal: EtcdRefusal | undefined): boolean {
    if (refusal === undefined || this.#token === undefined) return false;
    const isAboutToken = refusal.code === EtcdCode.UNAUTHENTICATED ||
      TOKEN_TEXTS.includes(refusal.text);
    if (isAboutToken) this.#token = undefined;
    return isAboutToken;
  }

  refused(refusal: EtcdRefusal | undefined): DiscoveryError {
    const why = refusal === undefined
      ? "the answer makes no sense"
      : refusal.text || `it refuses with code ${refusal.code}`;
    return cannotAsk(this.name, why);
  }

  async *#lines(
    path: string,
    body: JsonFields,
    signal: AbortSignal,
  ): AsyncGenerator<unknown, void> {
    const request = this.#request(body, signal);
    const answer = await this.#fetch(this.#url(path), request);
    if (answer.status !== 200 || answer.body === null) {
      if (answer.status === 401) this.#token = undefined;
      throw cannotAsk(this.name, `status ${answer.status}`);
    }
    yield* jsonLines(answer.body, ANSWER_BYTES_MAX);
  }

  async #logIn(signal: AbortSignal): Promise<void> {
    const { user, password } = this.#address;
    if (user === "" || this.#token !== undefined) return;
    const credentials = { name: user, password };
    const { fields, refusal } = await this.#post(
      "auth/authenticate",
      credentials,
      signal,
    );
    // A server that asks nobody who they are lets everybody in.
    if (refusal?.text === "authentication is not enabled") return;
    const token = fields?.["token"];
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
      throw this.refused(refusal);
    }
    this.#token = token;
  }

  async #post(
    path: string,
    body: JsonFields,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const source = { fetch: this.#fetch, name: this.name };
    const request = this.#request(body, signal);
    const { status, text } = await askHttp(source, this.#url(path), request);
    const json = parsed(text);
    if (status === 200) {
      const fields = fieldsOf(json);
      // Every answer begins with a header; whatever has none is no etcd.
      if (fieldsOf(fields?.["header"]) !== undefined) {
        return { fields: fields! };
      }
      const streamed = fieldsOf(fields?.["result"]);
      if (fieldsOf(streamed?.["header"]) !== undefined) {
        return { fields: streamed! };
      }
      throw cannotAsk(this.name, "the answer is not etcd's");
    }
    const refusal = refusalOf(json);
    if (refusal === undefined) throw cannotAsk(this.name, `status ${status}`);
    return { refusal };
  }

  #url(path: string): string {
    const scheme = this.#address.tls ? "https" : "http";
    return `${scheme}://${formatAddress(this.#address)}/v3/${path}`;
  }

  #request(body: JsonFields, signal: AbortSignal): {
    method: string;
    headers: Record<string, string>;
    body: string;
    signal: AbortSignal;
  } {
    const headers = {
      "Content-Type": "application/json",
      ...(this.#token !== undefined && { Authorization: this.#token }),
    };
    return { method: "POST", headers, body: JSON.stringify(body), signal };
  }
}

/** Text as etcd takes it. */
export function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Text as etcd gives it; undefined for anything else. */
export function fromBase64(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const bytes = Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A 64-bit number, which JSON carries as text. */
export function int64(value: unknown): bigint | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && /^-?\d{1,19}$/.test(text)
    ? BigInt(text)
    : undefined;
}

export function fieldsOf(value: unknown): JsonFields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonFields
    : undefined;
}

/** Why etcd ends a watch, in its own words: `rpc error: code = X desc = etcdserver: Y`. */
export function cancellationOf(reason: unknown): EtcdRefusal {
  return { code: 0, text: knownText(reason) };
}

function refusalOf(json: unknown): EtcdRefusal | undefined {
  const outer = fieldsOf(json);
  // On a stream, the error is an object of its own.
  const fields = fieldsOf(outer?.["error"]) ?? outer;
  const code = fields?.["code"] ?? fields?.["grpc_code"];
  if (typeof code !== "number") return undefined;
  return { code, text: knownText(fields?.["message"] ?? fields?.["error"]) };
}

function knownText(value: unknown): string {
  if (typeof value !== "string") return "";
  return KNOWN_TEXTS.find((text) => value.endsWith(text)) ?? "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
