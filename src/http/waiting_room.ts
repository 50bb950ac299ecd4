/**
 * How many clients may wait for news at one time, by long polls and event
 * streams: in all, and on one connection.
 */
import { formatAddress } from "../net/address.ts";
import type { Address } from "../platform/socket.ts";
import { Refusal } from "./refusal.ts";

export interface WaitingLimits {
  readonly inAll: number;
  readonly perConnection: number;
}

/** When a client that was refused may come again. */
const RETRY_AFTER = { "Retry-After": "5" };

export class WaitingRoom {
  readonly #limits: WaitingLimits;
  readonly #place: string;
  readonly #byConnection = new Map<string, number>();
  #count = 0;

  /** `place` is what a refusal names when the room is full, such as `registry`. */
  constructor(limits: WaitingLimits, place: string) {
    this.#limits = limits;
    this.#place = place;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes a place until the result is called. Throws a `Refusal` when there is none. */
  enter(remote: Address): () => void {
    const { inAll, perConnection } = this.#limits;
    const connection = formatAddress(remote);
    const here = this.#byConnection.get(connection) ?? 0;
    if (here >= perConnection) {
      throw new Refusal(
        429,
        "connection",
        `Expected at most ${perConnection} requests to wait on a connection`,
        RETRY_AFTER,
      );
    }
    if (this.#count >= inAll) {
      throw new Refusal(
        503,
        this.#place,
        `Too many clients are waiting, the limit is ${inAll}`,
        RETRY_AFTER,
      );
    }
    this.#count++;
    this.#byConnection.set(connection, here + 1);
    let isHere = true;
    return () => {
      if (isHere) this.#leave(connection);
      isHere = false;
    };
  }

  #leave(connection: string): void {
    this.#count--;
    const rest = (this.#byConnection.get(connection) ?? 0) - 1;
    if (rest > 0) this.#byConnection.set(connection, rest);
    else this.#byConnection.delete(connection);
  }
}
