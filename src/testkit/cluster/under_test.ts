/**
 * A cluster as the test function sees it that runs a body on it: the mistakes
 * of the program under test, and how long nothing has happened.
 */
import type { Clients } from "./clients.ts";
import type { World } from "./world.ts";

/** How long callbacks are waited for that a body has left under way. */
const REAL_FINISH_MS = 1500;
const VIRTUAL_FINISH_MS = 60_000;

export class UnderTest {
  readonly #world: World;
  readonly #clients: Clients;

  constructor(world: World, clients: Clients) {
    this.#world = world;
    this.#clients = clients;
  }

  /**
   * What a callback of a client threw first: the library only tells of it in
   * `status()`, and a test should not pass with it.
   */
  get thrown(): Error | undefined {
    return this.#clients.thrown;
  }

  /** Takes all that callbacks throw from now on. */
  set onThrown(take: (error: Error) => void) {
    this.#clients.onThrown = take;
  }

  /** When something has happened at a socket or in a log last, by the machine's clock. */
  get activeAtMs(): number {
    return this.#world.activeAtMs;
  }

  /** Whether time passes only while the test waits for it. */
  get isVirtual(): boolean {
    return this.#world.plan.isVirtual;
  }

  /** Takes the error of a callback of a client that is not the cluster's. */
  heed(error: Error, subject: string): void {
    this.#clients.heed("a client", error, subject);
  }

  /** The body is over: resolves when its clients' callbacks are done, or after a while. */
  async finish(): Promise<void> {
    const limitMs = this.isVirtual ? VIRTUAL_FINISH_MS : REAL_FINISH_MS;
    await this.#world.pace.drive(this.#clients.idle(limitMs));
    this.#clients.isEnding = true;
  }
}
