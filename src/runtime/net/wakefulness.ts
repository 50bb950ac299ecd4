/**
 * How long a process looks at its sockets before it sleeps. Where client and server
 * run on two cores, waking one of them can take longer than all else in a request:
 * a process that looks for a moment behind each answer hears the next request
 * without being woken. Where both share a core, looking would keep the client from
 * running, so it is done only while answers come later than they would there, and
 * soon enough for most looks to end with one.
 */
import { coreCount, grantedEnvironment } from "../process/system.ts";
import { monotonicTime, setImmediate } from "../process/timers.ts";
import { type DenoNews, machineNews } from "./deno_news.ts";

/** Milliseconds in which answers that need no waking come, and those that a look would have heard. */
const SOON_MS = 0.025;
const LATE_MS = 0.2;
/** Milliseconds behind the last answer until the process sleeps. */
const LOOK_MS = 0.1;
/** Answers that came late, less the others, behind which looking begins. */
const LATE_MIN = 8;
/** After looks that were in vain it needs twice as many each time, up to this. */
const LATE_MAX = 1024;
/** What looking is worth: an answer that it hears counts 1, up to this, and a look in vain takes off the next number. */
const WORTH_MAX = 16;
const IN_VAIN = 4;
/** Milliseconds between looks that cost little. */
const PAUSE_MS = 0.003;

/** One for the process. */
export class Wakefulness {
  /** Calls back once the system was asked, without sleep, what has come. */
  readonly #look: (again: () => void) => void;
  readonly #now: () => number;
  #answeredAt = -Infinity;
  #isLooking = false;
  /** It looks behind answers. */
  #isAlert = false;
  #late = 0;
  #lateNeeded = LATE_MIN;
  #worth = 0;

  /** `now` in milliseconds. */
  constructor(look: (again: () => void) => void, now: () => number) {
    this.#look = look;
    this.#now = now;
  }

  /** A peer that was sent something has sent something. */
  answered(): void {
    const now = this.#now();
    const tookMs = now - this.#answeredAt;
    this.#answeredAt = now;
    // The look that is under way goes on.
    if (this.#isLooking) return this.#heard();
    if (!this.#isAlert && !this.#isLate(tookMs)) return;
    this.#isLooking = true;
    this.#look(this.#again);
  }

  /** Whether answers come late often enough to look for them. */
  #isLate(tookMs: number): boolean {
    const isLate = tookMs > SOON_MS && tookMs < LATE_MS;
    this.#late = Math.max(0, this.#late + (isLate ? 1 : -1));
    if (this.#late < this.#lateNeeded) return false;
    this.#late = 0;
    this.#isAlert = true;
    this.#worth = WORTH_MAX / 2;
    return true;
  }

  #heard(): void {
    if (this.#worth === WORTH_MAX) return;
    if (++this.#worth === WORTH_MAX) this.#lateNeeded = LATE_MIN;
  }

  readonly #again = (): void => {
    if (this.#now() - this.#answeredAt < LOOK_MS) {
      return this.#look(this.#again);
    }
    this.#isLooking = false;
    this.#worth -= IN_VAIN;
    if (this.#worth > 0) return;
    this.#isAlert = false;
    this.#lateNeeded = Math.min(2 * this.#lateNeeded, LATE_MAX);
  };
}

/** What one connection tells of answers. */
export class AnswerWatch {
  readonly #wakefulness: Wakefulness;
  #hasSent = false;

  constructor(wakefulness: Wakefulness) {
    this.#wakefulness = wakefulness;
  }

  /** Something goes to the peer. */
  sent(): void {
    this.#hasSent = true;
  }

  /** Something has come from it. */
  heard(): void {
    if (!this.#hasSent) return;
    this.#hasSent = false;
    this.#wakefulness.answered();
  }
}

/** Undefined where the process has one processor, or is told to sleep (`MIDGE_AWAKE=0`). */
const machineWakefulness: Wakefulness | undefined = coreCount() < 2 ||
    grantedEnvironment("MIDGE_AWAKE") === "0"
  ? undefined
  : new Wakefulness(
    "Deno" in globalThis ? lookByNews(machineNews) : lookByImmediate,
    monotonicTime,
  );

/** For a connection of this machine that a server has. */
export function machineAnswers(): AnswerWatch | undefined {
  return machineWakefulness && new AnswerWatch(machineWakefulness);
}

/** Where no socket is open any more there are no news, and nothing is opened for them. */
export function lookByNews(news: DenoNews): (again: () => void) => void {
  return (again) => {
    if (news.hasSubject) void news.next().then(again);
    else setImmediate(again);
  };
}

/** An immediate is an object: there are fewer of them with a pause before each. */
function lookByImmediate(again: () => void): void {
  const end = monotonicTime() + PAUSE_MS;
  while (monotonicTime() < end);
  setImmediate(again);
}
