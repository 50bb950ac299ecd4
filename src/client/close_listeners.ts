/** Callbacks for the end of a connection, beside the promise of `closed`. */

/** What an add-on hands in; the type is nats.js's. */
export interface CloseListener {
  /** Is given the error that closed the connection, if one did. */
  connectionClosedCallback(error: Error | void): void;
}

export class CloseListeners {
  #listeners = new Set<CloseListener>();

  constructor(closed: Promise<void | Error>) {
    closed.then((error) => this.#call(error));
  }

  add(listener: CloseListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: CloseListener): void {
    this.#listeners.delete(listener);
  }

  #call(error: void | Error): void {
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) {
      try {
        listener.connectionClosedCallback(error);
      } catch {
        // It is the add-on's own code; the statuses have ended, too.
      }
    }
  }
}
