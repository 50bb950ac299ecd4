/**
 * What a program may still begin on a connection. Draining shuts the gate in
 * two steps: first nothing new is subscribed to or asked; once what was under
 * way has arrived, nothing is published any more either.
 */
import {
  ClosedConnectionError,
  DrainingConnectionError,
} from "../api/errors.ts";

export class Gate {
  #isClosed = false;
  #isDraining = false;
  #isSealed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Stays so when the connection is closed. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Throws when the connection is closed. */
  checkOpen(): void {
    if (this.#isClosed) throw new ClosedConnectionError();
  }

  /** Throws when nothing may be published any more. */
  checkPublish(): void {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isSealed) throw new DrainingConnectionError();
  }

  /** Throws when nothing new may be begun. */
  checkBegin(): void {
    if (this.#isClosed) throw new ClosedConnectionError();
    if (this.#isDraining) throw new DrainingConnectionError();
  }

  /** Nothing new begins, but callbacks may still publish. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Nothing is published any more. */
  seal(): void {
    this.#isSealed = true;
  }

  close(): void {
    this.#isClosed = true;
  }
}
