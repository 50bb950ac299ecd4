/**
 * The official client's core, `@nats-io/nats-core`: its error classes, by which
 * its add-on packages (`@nats-io/jetstream` and others) tell errors apart, and
 * its table of what servers of which version can do. Nothing else of it is used.
 *
 * It is loaded with the first connection: a server alone has no use for it, and
 * in some bundles it cannot be loaded, which nobody needs who uses no add-ons.
 */
import type { errors, Features } from "@nats-io/nats-core/internal";

/** The official client's error classes, by name. */
type Theirs = typeof errors;

interface ErrorClass {
  readonly prototype: Error;
}

interface Core {
  readonly errors: Theirs;
  readonly Features: typeof Features;
}

const pairs: (readonly [ErrorClass, keyof Theirs])[] = [];
let core: Core | undefined;
let loading: Promise<void> | undefined;

/**
 * Makes the errors of a class, those that there are already too, instances of
 * one of the official client's as well, once that is loaded. They keep what
 * Midge gives them: the constructors are not touched, and `MidgeError` asks
 * those.
 */
export function alsoIs(ours: ErrorClass, name: keyof Theirs): void {
  pairs.push([ours, name]);
}

/** Loads the official client's core if that was not done. Never rejects. */
export function loadNatsCore(): Promise<void> {
  return loading ??= load();
}

/** A table of abilities; undefined as long as, or where, it is not loaded. */
export function newFeatures(): Features | undefined {
  return core && new core.Features({ major: 0, minor: 0, micro: 0 });
}

async function load(): Promise<void> {
  try {
    const module: Core & { readonly default?: Core } = await import(
      "@nats-io/nats-core/internal"
    );
    // Some bundlers give a CommonJS module's exports as its default alone.
    core = module.errors === undefined ? module.default! : module;
    for (const [ours, name] of pairs) {
      Object.setPrototypeOf(ours.prototype, core.errors[name].prototype);
    }
  } catch {
    // Add-ons cannot load it either.
  }
}
