/** JWTs of accounts from an HTTP server: the account's key is appended to its URL. */
import type { Clock } from "../../platform/clock.ts";
import type { Fetch, Fetched } from "../../platform/fetch.ts";
import type { Resolver } from "../operator/trusted_accounts.ts";
import { quoted } from "../../core/quote.ts";

/** NATS: a client waits two seconds for its login. */
const TIMEOUT_MS = 1900;
/** No JWT is longer. */
const SIZE_MAX = 1_048_576;

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

export class UrlAccounts implements Resolver {
  readonly #url: string;
  readonly #fetch: Fetch;
  readonly #clock: Clock;

  constructor(url: string, fetch: Fetch, clock: Clock) {
    this.#url = url;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** Rejects unless there is a server that answers. */
  async check(): Promise<void> {
    await this.#get(this.#url);
  }

  async lookup(key: string): Promise<string> {
    return (await this.#get(`${this.#url}${key}`)).trim();
  }

  async #get(url: string): Promise<string> {
    const aborter = new AbortController();
    const timer = this.#clock.after(
      TIMEOUT_MS,
      () => aborter.abort(new Error("it takes too long")),
    );
    try {
      const answer = await this.#fetch(url, { signal: aborter.signal });
      if (answer.status !== 200) throw new Error(statusText(answer.status));
      return await textOf(answer);
    } catch (error) {
      const reason = (error as Error).message;
      throw new Error(`could not fetch <${quoted(url)}>: ${reason}`);
    } finally {
      timer.cancel();
    }
  }
}

function statusText(status: number): string {
  return `${status} ${REASONS[status] ?? ""}`.trim();
}

async function textOf({ body }: Fetched): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > SIZE_MAX) throw new Error("the answer is too long");
  }
  return text;
}
