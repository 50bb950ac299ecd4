/** A load: clients that get ready, then work until their course is over. */
import type { BenchCourse } from "./course.ts";
import type { LoadLine } from "./load_line.ts";
import type { Tally } from "./tally.ts";

/** What one client does. */
export interface Load {
  readonly tally: Tally;
  /** Asks the server for what it needs; nothing is measured yet. */
  prepare(): Promise<void>;
  /** Works; resolves when it has done its share, or the course is over. */
  work(): Promise<void>;
}

/**
 * Runs loads: all of them are ready before the first begins. Resolves when all
 * have done their share or the course is over; rejects when it failed.
 */
export async function runLoads(
  course: BenchCourse,
  loads: readonly Load[],
  begins: "at once" | "with the first message" = "at once",
  onReady: () => void = () => {},
): Promise<void> {
  const failed = course.over.then(() => new Promise<never>(() => {}));
  await Promise.race([
    Promise.all(loads.map((load) => load.prepare())),
    failed,
  ]);
  onReady();
  if (begins === "at once") course.begin();
  await Promise.race([Promise.all(loads.map((load) => load.work())), failed]);
  course.end();
}

/** Ends the course when a connection is lost, or the server refuses a subject. */
export function watchLine(line: LoadLine, course: BenchCourse): void {
  const { connection } = line;
  connection.closed().then((reason) => {
    if (line.isLeaving) return;
    const lost = new Error("The server closed the connection");
    course.fail(reason instanceof Error ? reason : lost);
  });
  watchErrors(line, course);
}

async function watchErrors(line: LoadLine, course: BenchCourse): Promise<void> {
  for await (const event of line.connection.status()) {
    if (event.type === "error") course.fail(event.error);
  }
}

/** What client `index` of `clients` does of a number of messages. */
export function shareOf(msgs: number, clients: number, index: number): number {
  if (msgs === Infinity) return Infinity;
  return Math.floor(msgs / clients) + (index < msgs % clients ? 1 : 0);
}
