/** The mode of a file as people write it. */

/** `0600` */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
