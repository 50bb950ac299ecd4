/**
 * A door behind trusted proxies: each of them signs the nonce of a client that
 * it brings, in `proxy_sig` of the client's CONNECT. Who comes in is decided by
 * the door inside, which is told the key of the proxy.
 *
 * NATS authentication (trusted proxies): a signature that is not that of a
 * trusted proxy keeps a client out, whatever else it brings.
 */
import { bytesOfBase64Url } from "../core/base64.ts";
import { ClosedReason } from "../core/closed.ts";
import { WireError } from "../core/errors.ts";
import { publicKeyBytes } from "../core/key_text.ts";
import type { Random } from "../platform/clock.ts";
import type { VerifySignature } from "../platform/signatures.ts";
import {
  type Door,
  type Greeting,
  isRefused,
  type LoginRefusal,
  type LoginRequest,
  type PortFacts,
  type Verdict,
} from "./door.ts";
import { makeNonce } from "./nkeys.ts";

/** It came through a proxy that nobody trusts, or does not any more. */
const NOT_TRUSTED: LoginRefusal = {
  refused: ClosedReason.PROXY_NOT_TRUSTED,
  wire: WireError.AUTHORIZATION_VIOLATION,
};

/** It has to come through a proxy, and did not. */
export const PROXY_REQUIRED: LoginRefusal = {
  refused: ClosedReason.PROXY_REQUIRED,
  wire: WireError.AUTHORIZATION_VIOLATION,
};

/** What the log says of who has to come through a proxy. */
export const PROXY_REQUIRED_TEXT = "proxy connection required";

export interface ProxySettings {
  /** The public keys of the proxies. */
  readonly trustedKeys: readonly string[];
  /** Everybody has to come through one of them. */
  readonly isRequired: boolean;
}

export interface ProxyPlatform {
  readonly random: Random;
  readonly verifySignature: VerifySignature;
}

const utf8 = new TextEncoder();

export class ProxyDoor implements Door {
  readonly #inside: Door;
  readonly #isRequired: boolean;
  /** By key. */
  readonly #proxies: ReadonlyMap<string, Uint8Array>;
  readonly #platform: ProxyPlatform;

  constructor(
    inside: Door,
    { trustedKeys, isRequired }: ProxySettings,
    platform: ProxyPlatform,
  ) {
    this.#inside = inside;
    this.#isRequired = isRequired;
    this.#proxies = new Map(
      trustedKeys.map((key) => [key, publicKeyBytes(key) ?? NO_KEY]),
    );
    this.#platform = platform;
  }

  greet(port?: PortFacts): Greeting {
    const greeting = this.#inside.greet(port);
    return this.#isRequired
      ? { ...greeting, isOpen: false, anonymous: undefined }
      : greeting;
  }

  makeNonce(): string | undefined {
    return this.#inside.makeNonce() ??
      (this.#proxies.size > 0 ? makeNonce(this.#platform.random) : undefined);
  }

  admit(request: LoginRequest): Verdict | Promise<Verdict> {
    const { log } = request;
    const proxyKey = this.#proxyOf(request);
    if (proxyKey === "") {
      log.debug("proxy is not trusted");
      return NOT_TRUSTED;
    }
    if (proxyKey === undefined) {
      if (!this.#isRequired) return this.#inside.admit(request);
      log.debug(PROXY_REQUIRED_TEXT);
      return PROXY_REQUIRED;
    }
    const verdict = this.#inside.admit({ ...request, proxyKey });
    return verdict instanceof Promise
      ? verdict.then((settled) => withProxy(settled, proxyKey))
      : withProxy(verdict, proxyKey);
  }

  /** Empty: nobody trusts it; undefined: there is none. */
  #proxyOf(
    { current, nonce = "", credentials, log }: LoginRequest,
  ): string | undefined {
    const known = current?.proxyKey;
    if (known !== undefined) return this.#proxies.has(known) ? known : "";
    const { proxy_sig: text = "" } = credentials;
    if (text === "" || this.#proxies.size === 0) return undefined;
    const signature = bytesOfBase64Url(text);
    if (signature === undefined) {
      log.debug("Proxy signature not valid base64");
      return "";
    }
    const signed = utf8.encode(nonce);
    for (const [key, bytes] of this.#proxies) {
      if (this.#platform.verifySignature(bytes, signed, signature)) return key;
    }
    return "";
  }
}

/** It verifies nothing. */
const NO_KEY = new Uint8Array();

function withProxy(verdict: Verdict, proxyKey: string): Verdict {
  return isRefused(verdict) ? verdict : { ...verdict, proxyKey };
}
