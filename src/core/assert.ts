/**
 * Assertions about our own code. They stay on in production: a broken
 * invariant stops the one connection that hit it and names the mistake. Input
 * from peers, files and users never trips an assertion; it gets an error from
 * `errors.ts`.
 */

/** Thrown when Midge itself is wrong. */
class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** States an invariant; throws `AssertionError` with `claim` when it fails. */
export function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new AssertionError(`Broken invariant: ${claim}`);
}
