/** A broker in memory, on a clock that goes on by itself, and clients of a load. */
import { LoadLine } from "../../src/bench/load_line.ts";
import { watchLine } from "../../src/bench/load.ts";
import type { BenchCourse } from "../../src/bench/course.ts";
import { Tally } from "../../src/bench/tally.ts";
import type { Role } from "../../src/bench/tally.ts";
import type { ClientRuntime } from "../../src/client/link.ts";
import { MemoryNetwork } from "../../src/net/memory.ts";
import { runSoonOn } from "../../src/platform/turns.ts";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { seededRandom } from "../support/random.ts";
import type { TestContext } from "../support/test.ts";
import { keepMoving, VirtualClock } from "../support/virtual_clock.ts";

export class Stage {
  readonly clock: VirtualClock = new VirtualClock();
  readonly #t: TestContext;
  readonly #runtime: ClientRuntime;
  #port = 0;

  private constructor(t: TestContext) {
    this.#t = t;
    const network = new MemoryNetwork(this.clock, seededRandom(2), {
      delayMs: 0,
    });
    this.#runtime = { network, clock: this.clock, random: seededRandom(3) };
  }

  static async start(
    t: TestContext,
    options: TestOptions = {},
  ): Promise<Stage> {
    const stage = new Stage(t);
    const { clock } = stage;
    const { port } = await startMidge(t, options, {
      ...stage.#runtime,
      runSoon: runSoonOn(clock),
    });
    stage.#port = port;
    keepMoving(clock, t);
    return stage;
  }

  async line(course?: BenchCourse): Promise<LoadLine> {
    const line = await LoadLine.open(
      { servers: `127.0.0.1:${this.#port}` },
      this.#runtime,
    );
    // The clock has stopped by then, and a close may wait for it.
    this.#t.after(() => void line.close());
    if (course !== undefined) watchLine(line, course);
    return line;
  }

  tally(role: Role, client: number = 1): Tally {
    return new Tally(role, client, this.clock);
  }
}
