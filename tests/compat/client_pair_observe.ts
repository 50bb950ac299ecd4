/**
 * What the steps for both client libraries are made of. Nothing here knows which
 * of the two it runs on, and an observation names nothing in which they may
 * differ, such as the wording of an error.
 */
import type * as midge from "../../client.ts";

/** What both libraries export, as far as the steps use it. */
export type Library = Pick<
  typeof midge,
  | "connect"
  | "createInbox"
  | "Empty"
  | "headers"
  | "Match"
  | "syncIterator"
  | "tokenAuthenticator"
  | "usernamePasswordAuthenticator"
>;
type Client = Awaited<ReturnType<Library["connect"]>>;

/** Where a step finds its broker, and who ends what it opened. */
export interface Stage {
  readonly library: Library;
  /** A connection to the broker, closed when the step is over. */
  client(options?: midge.ConnectionOptions): Promise<Client>;
}

export interface Step {
  readonly name: string;
  /** For the broker's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly run: (stage: Stage) => unknown;
}

export async function textsOf(
  messages: AsyncIterable<{ string(): string }>,
): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(message.string());
  return texts;
}

/** What came of it: a value that can be compared, or the names of the errors. */
export async function outcome(act: () => unknown): Promise<unknown> {
  try {
    const value = await act();
    return Array.isArray(value) || typeof value !== "object" ? value : "done";
  } catch (error) {
    return errorNames(error);
  }
}

/** Only whether it fails, where the libraries name the errors in their own ways. */
export function fails(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}

/** The classes of an error and of its cause. */
export function errorNames(error: unknown): string {
  if (!(error instanceof Error)) return `! ${String(error)}`;
  const names = [error, error.cause].filter((one) => one instanceof Error)
    .map((one) => one.constructor.name);
  return `! ${names.join(" < ")}`;
}
