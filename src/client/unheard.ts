/**
 * Errors of callbacks that no listener hears of: they are printed, unless
 * something in this process takes them, as the test kit does while a test runs.
 */

/** Takes the error of a callback, and the subject of its subscription. */
export type UnheardListener = (error: Error, subject: string) => void;

const listeners = new Set<UnheardListener>();

/** Takes all of them, of every connection of this process, until the result is called. */
export function onUnheard(listener: UnheardListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The program's own mistakes must not go by unseen. */
export function tellUnheard(error: Error, subject: string): void {
  for (const listener of [...listeners]) listener(error, subject);
  if (listeners.size > 0) return;
  console.error(`The callback of "${subject}" failed:`, error);
}
