/**
 * A service that decides about logins, on Midge's own client: what it answers
 * depends on the user name that a client brings.
 */
import {
  createAccount,
  createCurve,
  createUser,
  fromSeed,
} from "@nats-io/nkeys";
import {
  connect,
  type ConnectionOptions,
  type Msg,
} from "../../src/faces/client.ts";
import type { Cleanup } from "./temp.ts";

type KeyPair = ReturnType<typeof createAccount>;

/** The issuer's key, and the one that questions are sealed for. */
export interface CalloutKeys {
  readonly issuer: KeyPair;
  readonly curve: KeyPair;
}

export function makeCalloutKeys(): CalloutKeys {
  return { issuer: createAccount(), curve: createCurve() };
}

/** What a question says. */
export interface Asked {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly exp: number;
  readonly iat: number;
  readonly nats: {
    readonly server_id: Readonly<Record<string, string>>;
    readonly user_nkey: string;
    readonly client_info: Readonly<Record<string, string | number>>;
    readonly connect_opts: Readonly<Record<string, string | number>>;
    readonly client_tls?: unknown;
    readonly type: string;
    readonly version: number;
  };
}

type Claims = Readonly<Record<string, unknown>>;

/** What can be said in an answer. */
export class Answer {
  readonly asked: Asked;
  readonly #keys: CalloutKeys;

  constructor(asked: Asked, keys: CalloutKeys) {
    this.asked = asked;
    this.#keys = keys;
  }

  /** The JWT of the user that the client is to be, of the account APP. */
  user(
    claims: Claims = {},
    nats: Claims = {},
    signer: KeyPair = this.#keys.issuer,
  ): string {
    return signed({
      sub: this.asked.nats.user_nkey,
      aud: "APP",
      name: "joe",
      ...claims,
      nats: {
        ...{ type: "user", version: 2, subs: -1, data: -1, payload: -1 },
        ...{ pub: {}, sub: {} },
        ...nats,
      },
    }, signer);
  }

  response(
    nats: Claims,
    claims: Claims = {},
    signer: KeyPair = this.#keys.issuer,
  ): string {
    const { server_id, user_nkey } = this.asked.nats;
    return signed({
      sub: user_nkey,
      aud: server_id["id"],
      ...claims,
      nats: { type: "authorization_response", version: 2, ...nats },
    }, signer);
  }
}

/**
 * The texts that are answered to a user name, the first first. They are sealed
 * if the question was; bytes are sent as they are.
 */
export type Answers = (
  user: string,
  answer: Answer,
) => readonly (string | Uint8Array)[];

export interface CalloutService {
  /** The questions so far. */
  readonly asked: Asked[];
  readonly messages: Msg[];
}

/** Serves until the test ends. */
export async function serveCallout(
  t: Cleanup,
  port: number,
  keys: CalloutKeys,
  answers: Answers,
  login: ConnectionOptions = { user: "auth", pass: "auth" },
): Promise<CalloutService> {
  const servers = `127.0.0.1:${port}`;
  const client = await connect({ servers, ...login });
  t.after(() => client.close());
  const service: CalloutService = { asked: [], messages: [] };
  client.subscribe("$SYS.REQ.USER.AUTH", {
    callback: (_error, message) => {
      service.messages.push(message);
      const xkey = message.headers?.get("Nats-Server-Xkey") ?? "";
      const body = xkey === ""
        ? message.data
        : keys.curve.open(message.data, xkey)!;
      const asked = claimsIn(new TextDecoder().decode(body));
      service.asked.push(asked);
      const { user, auth_token } = asked.nats.connect_opts;
      const name = `${user ?? auth_token ?? ""}`;
      for (const text of answers(name, new Answer(asked, keys))) {
        if (typeof text !== "string") {
          message.respond(text);
          continue;
        }
        const bytes = new TextEncoder().encode(text);
        message.respond(xkey === "" ? bytes : keys.curve.seal(bytes, xkey));
      }
    },
  });
  await client.flush();
  return service;
}

/** The claims of a JWT whose signature is right. */
function claimsIn(jwt: string): Asked {
  const [, claims = ""] = jwt.split(".");
  return JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
}

/** A user that nobody asked for. */
export function anotherUser(): string {
  return createUser().getPublicKey();
}

export function anotherAccount(): KeyPair {
  return createAccount();
}

function signed(claims: Claims, signer: KeyPair): string {
  const head = base64Url(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }));
  const body = base64Url(JSON.stringify({
    jti: "test",
    iat: Math.floor(Date.now() / 1000),
    iss: signer.getPublicKey(),
    ...claims,
  }));
  const text = `${head}.${body}`;
  // A key pair of its own: that of the caller is not cleared by it.
  const pair = fromSeed(signer.getSeed());
  return `${text}.${base64Url(pair.sign(new TextEncoder().encode(text)))}`;
}

function base64Url(content: string | Uint8Array): string {
  const text = typeof content === "string"
    ? content
    : String.fromCharCode(...content);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}
