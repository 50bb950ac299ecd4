/** Framing: whatever the cuts between the chunks, the same operations come out. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { describe, it } from "../support/test.ts";
import { cutAt, outcomeOf } from "./recorder.ts";
import { type Sample, SAMPLES } from "./samples.ts";

const RANDOM_ROUNDS = 3000;
const SAMPLES_PER_ROUND = 8;

for (const [dialect, samples] of SAMPLES) {
  describe(`the parser of the ${dialect.name} dialect`, () => {
    it("hands over each operation that comes whole", () => {
      for (const { wire, event } of samples) {
        assert.deepEqual(
          outcomeOf(dialect, [asciiBytes(wire)]),
          accepted([event]),
        );
      }
    });

    it("does not care where an operation is cut in two", () => {
      for (const { wire, event } of samples) {
        for (let at = 0; at <= wire.length; at++) {
          const chunks = cutAt(asciiBytes(wire), [at]);
          assert.deepEqual(outcomeOf(dialect, chunks), accepted([event]), wire);
        }
      }
    });

    it("does not care where an operation is cut in three", () => {
      for (const { wire, event } of samples) {
        for (let first = 0; first <= wire.length; first++) {
          for (let second = first; second <= wire.length; second++) {
            const chunks = cutAt(asciiBytes(wire), [first, second]);
            assert.deepEqual(
              outcomeOf(dialect, chunks),
              accepted([event]),
              wire,
            );
          }
        }
      }
    });

    it("takes all operations from one chunk, in order", () => {
      const outcome = outcomeOf(dialect, [asciiBytes(wireOf(samples))]);
      assert.deepEqual(outcome, accepted(eventsOf(samples)));
    });

    it("takes all operations byte by byte", () => {
      const bytes = asciiBytes(wireOf(samples));
      const places = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1);
      assert.deepEqual(
        outcomeOf(dialect, cutAt(bytes, places)),
        accepted(eventsOf(samples)),
      );
    });

    it("does not care how a stream is cut at random", (t) => {
      const seed = freshSeed();
      t.diagnostic(`seed ${seed}`);
      const random = seededRandom(seed);
      for (let round = 0; round < RANDOM_ROUNDS; round++) {
        const stream = Array.from(
          { length: SAMPLES_PER_ROUND },
          () => samples[randomBelow(random, samples.length)]!,
        );
        const bytes = asciiBytes(wireOf(stream));
        const places = randomPlaces(random, bytes.length);
        assert.deepEqual(
          outcomeOf(dialect, cutAt(bytes, places)),
          accepted(eventsOf(stream)),
          `seed ${seed}, round ${round}, cuts ${places}`,
        );
      }
    });

    it("knows how many bytes wait for the rest", () => {
      for (const { wire } of samples) {
        const partial = wire.slice(0, -1);
        const outcome = outcomeOf(dialect, [asciiBytes(partial)]);
        assert.deepEqual(outcome.events, []);
        assert.equal(outcome.held, meaningful(partial).length, partial);
      }
    });
  });
}

/** A partial operation without what need not be held of it. */
function meaningful(partial: string): string {
  const bareVerb = /^(?:PING|PONG|\+OK)/i.exec(partial)?.[0];
  if (bareVerb !== undefined) return bareVerb;
  return partial.replace(/(?<=^\S+[ \t])[ \t]+/, "");
}

function accepted(events: string[]): ReturnType<typeof outcomeOf> {
  return { events, refusal: "", held: 0 };
}

function wireOf(samples: readonly Sample[]): string {
  return samples.map(({ wire }) => wire).join("");
}

function eventsOf(samples: readonly Sample[]): string[] {
  return samples.map(({ event }) => event);
}

function randomPlaces(random: Random, length: number): number[] {
  const count = randomBelow(random, 12);
  return Array.from({ length: count }, () => randomBelow(random, length + 1))
    .sort((a, b) => a - b);
}
