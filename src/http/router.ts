/**
 * Which handler answers a request. Paths are compared as they come: a doubled
 * slash, an escape or another case makes another path. `clean_path.ts` is for
 * servers that see this otherwise.
 * HEAD goes to the handler of GET, and the server sends its answer without the
 * body; OPTIONS is a method like any other. What an unknown path and a wrong
 * method get is for each server to say.
 */

/** Handlers by method; `*` stands for every method. */
export type HandlersByMethod<Handler> = Readonly<Record<string, Handler>>;

/** A path, and what it is answered with; a `*` at its end stands for any rest. */
export type PathEntry<Handler> = readonly [
  path: string,
  handlers: HandlersByMethod<Handler>,
];

export type Routed<Handler> =
  | {
    readonly kind: "found";
    readonly handler: Handler;
    /** What the `*` of the path stands for; empty without one. */
    readonly rest: string;
  }
  | { readonly kind: "no such path" }
  | { readonly kind: "wrong method"; readonly allowed: readonly string[] };

export class Router<Handler> {
  readonly #exact: ReadonlyMap<string, HandlersByMethod<Handler>>;
  /** Beginnings of paths, the longest first. */
  readonly #beginnings: readonly PathEntry<Handler>[];

  constructor(entries: readonly PathEntry<Handler>[]) {
    this.#exact = new Map(entries.filter(([path]) => !path.endsWith("*")));
    this.#beginnings = entries
      .filter(([path]) => path.endsWith("*"))
      .map(([path, handlers]) => [path.slice(0, -1), handlers] as const)
      .sort(([a], [b]) => b.length - a.length);
  }

  find(method: string, path: string): Routed<Handler> {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return routed(exact, method, "");
    for (const [beginning, handlers] of this.#beginnings) {
      if (path.startsWith(beginning)) {
        return routed(handlers, method, path.slice(beginning.length));
      }
    }
    return { kind: "no such path" };
  }
}

function routed<Handler>(
  handlers: HandlersByMethod<Handler>,
  method: string,
  rest: string,
): Routed<Handler> {
  for (const name of [method, ...(method === "HEAD" ? ["GET"] : []), "*"]) {
    if (Object.hasOwn(handlers, name)) {
      return { kind: "found", handler: handlers[name]!, rest };
    }
  }
  const allowed = Object.keys(handlers)
    .flatMap((name) => name === "GET" ? ["GET", "HEAD"] : [name]);
  return { kind: "wrong method", allowed };
}
