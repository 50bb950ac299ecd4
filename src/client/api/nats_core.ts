/**
 * The official client's core, `@nats-io/nats-core`: its error classes, by which
 * its add-on packages (`@nats-io/jetstream` and others) tell errors apart, and
 * its table of what servers of which version can do. Nothing else of it is used.
 */
import { errors, Features } from "@nats-io/nats-core/internal";

export { Features };

/** The official client's error classes. */
export const theirs: typeof errors = errors;

interface ErrorClass {
  readonly prototype: Error;
}

/**
 * Makes the errors of a class instances of one of the official client's as well.
 * They keep what Midge gives them: the constructors are not touched, and
 * `MidgeError` asks those.
 */
export function alsoIs(ours: ErrorClass, other: ErrorClass): void {
  Object.setPrototypeOf(ours.prototype, other.prototype);
}
