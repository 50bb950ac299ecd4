/**
 * The accounts that one message has come to by way of service imports, while it
 * is delivered. It comes to none of them twice, so imports that lead back to
 * where they began end there.
 */
import type { Account } from "./account.ts";
import type { RequestInfo } from "./request_info.ts";

interface Step {
  readonly account: Account;
  readonly info: RequestInfo | undefined;
}

/** Imports and responses, each inside the one before: more are no chain that anybody meant. */
const DEPTH_MAX = 64;

export class ImportPath {
  #steps: Step[] = [];
  #depth = 0;

  /** Who asks, as the service before was told; undefined at the first one. */
  get info(): RequestInfo | undefined {
    return this.#steps.at(-1)?.info;
  }

  /** A step has led to where `leave` has not been called yet. */
  get isInside(): boolean {
    return this.#steps.length > 0;
  }

  /** False when the message has been in `account` before; otherwise calls for `leave`. */
  enter(account: Account, info: RequestInfo | undefined): boolean {
    if (this.#depth === DEPTH_MAX) return false;
    if (this.#steps.some((step) => step.account === account)) return false;
    this.#depth++;
    this.#steps.push({ account, info });
    return true;
  }

  leave(): void {
    this.#depth--;
    this.#steps.pop();
  }

  /** `act` is about another message, a response: it may come to where the request was. */
  afresh(act: () => boolean): boolean {
    if (this.#depth === DEPTH_MAX) return false;
    const steps = this.#steps;
    this.#steps = [];
    this.#depth++;
    try {
      return act();
    } finally {
      this.#depth--;
      this.#steps = steps;
    }
  }
}
