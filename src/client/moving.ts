/**
 * Leaves a lame duck as soon as another node lets us in. The old session goes
 * on until then, as its server does for a while.
 */
import { ClosedConnectionError } from "./api/errors.ts";
import type { PoolServer } from "./servers/pool_server.ts";
import type { Search } from "./servers/search.ts";
import type { Session } from "./session/session.ts";

/** The link, as it is moved. */
export interface MovableLink {
  readonly session: Session | undefined;
  /** Where the session leads to, or the last one did. */
  readonly server: PoolServer | undefined;
  /** Opens another session beside it. */
  openBeside(server: PoolServer): Promise<Session>;
  /** Puts another session in the place of the one that there is. */
  replace(session: Session, server: PoolServer): void;
}

export class Moving {
  readonly #link: MovableLink;
  readonly #search: Search;
  #isUnderWay = false;
  /** Where it is about to move to. */
  #to: PoolServer | undefined;

  constructor(link: MovableLink, search: Search) {
    this.#link = link;
    this.#search = search;
  }

  /** Tries all that may be tried right now; more of them are news. */
  async begin(): Promise<void> {
    const { session, server } = this.#link;
    if (this.#isUnderWay || session === undefined || server === undefined) {
      return;
    }
    this.#isUnderWay = true;
    for (const other of this.#search.elsewhere(server)) {
      const failure = await this.#moveTo(other, session);
      if (this.#link.session !== session) break;
      if (failure !== undefined) this.#search.course.failed(other, failure);
    }
    this.#isUnderWay = false;
  }

  /** The old session has ended: an attempt that goes with it is none that its server must rest from. */
  cutOff(): void {
    if (this.#to !== undefined) this.#to.restsUntilMs = -Infinity;
  }

  async #moveTo(server: PoolServer, old: Session): Promise<Error | undefined> {
    this.#to = server;
    try {
      const session = await this.#link.openBeside(server);
      if (this.#link.session === old) this.#link.replace(session, server);
      else session.end(new ClosedConnectionError());
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#to = undefined;
    }
  }
}
