/**
 * The other servers that this one has heard of in the system account, and how
 * many clients each has in which account. One that has not been heard of for
 * long is taken for gone.
 */

/** NATS: a server tells its statistics every ten seconds, and its accounts every thirty. */
const SILENCE_MAX_MS = 150_000;

interface Peer {
  heardAt: number;
  readonly clients: Map<string, number>;
}

export class Peers {
  readonly #ownId: string;
  readonly #now: () => number;
  readonly #byId = new Map<string, Peer>();
  /** Over all peers, by account. */
  readonly #clients = new Map<string, number>();

  /** `now` gives milliseconds that never step back. */
  constructor(ownId: string, now: () => number) {
    this.#ownId = ownId;
    this.#now = now;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Clients that the others have in the account `name`. */
  clientsOf(name: string): number {
    return this.#clients.get(name) ?? 0;
  }

  /** How many of the others have clients in the account `name`. */
  serversWith(name: string): number {
    let count = 0;
    for (const { clients } of this.#byId.values()) {
      if (clients.has(name)) count++;
    }
    return count;
  }

  /** The server `id` has said something. True for a server that was not known. */
  heard(id: string): boolean {
    if (id === "" || id === this.#ownId) return false;
    const known = this.#byId.get(id);
    if (known !== undefined) {
      known.heardAt = this.#now();
      return false;
    }
    this.#byId.set(id, { heardAt: this.#now(), clients: new Map() });
    return true;
  }

  /** The server `id` has `count` clients in the account `name`. */
  noteClients(id: string, name: string, count: number): void {
    this.heard(id);
    const peer = this.#byId.get(id);
    if (peer === undefined) return;
    const clients = Math.max(0, Math.floor(count));
    this.#add(name, clients - (peer.clients.get(name) ?? 0));
    if (clients === 0) peer.clients.delete(name);
    else peer.clients.set(name, clients);
  }

  /** The server `id` is gone. Gives the accounts in which it had clients. */
  forget(id: string): string[] {
    const peer = this.#byId.get(id);
    if (peer === undefined) return [];
    this.#byId.delete(id);
    for (const [name, count] of peer.clients) this.#add(name, -count);
    return [...peer.clients.keys()];
  }

  /** Those that have been silent for too long. */
  silent(): string[] {
    const since = this.#now() - SILENCE_MAX_MS;
    return [...this.#byId].filter(([, { heardAt }]) => heardAt < since)
      .map(([id]) => id);
  }

  #add(name: string, change: number): void {
    const clients = this.clientsOf(name) + change;
    if (clients === 0) this.#clients.delete(name);
    else this.#clients.set(name, clients);
  }
}
