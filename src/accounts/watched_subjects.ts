/** Those who wait for interest in single subjects of one account to come or to go. */
import { hasWildcard, subjectMatches } from "../core/subject.ts";

export class WatchedSubjects {
  readonly #watchers = new Map<string, Set<() => void>>();

  /** Has `changed` called whenever interest that means `subject`, a literal one, has come or gone. Call the result to end it. */
  add(subject: string, changed: () => void): () => void {
    const known = this.#watchers.get(subject);
    if (known === undefined) this.#watchers.set(subject, new Set([changed]));
    else known.add(changed);
    return () => {
      const others = this.#watchers.get(subject);
      others?.delete(changed);
      if (others?.size === 0) this.#watchers.delete(subject);
    };
  }

  /** Interest in `pattern` has come or gone. */
  changed(pattern: string): void {
    if (this.#watchers.size === 0) return;
    if (!hasWildcard(pattern)) return call(this.#watchers.get(pattern));
    for (const [subject, watchers] of this.#watchers) {
      if (subjectMatches(pattern, subject)) call(watchers);
    }
  }
}

function call(watchers: ReadonlySet<() => void> | undefined): void {
  for (const watcher of watchers ?? []) watcher();
}
