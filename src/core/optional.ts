/** Members that may be left out, in classes that always have them. */

/**
 * A value for a member that an interface has as `name?: T`: a class whose field
 * or accessor is there, and sometimes undefined, cannot say so in types where
 * `exactOptionalPropertyTypes` is set.
 */
export function optional<T>(value: T | undefined): T {
  return value as T;
}
