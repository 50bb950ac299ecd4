/** How verbs are spelt and set apart from their arguments. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type Op, VERBS } from "../../src/wire/ops.ts";
import { test } from "../support/test.ts";
import { type Dialect, outcomeOf } from "./recorder.ts";

/** Understands each verb as a plain line; PUB and its kind come without payload. */
const EVERY_VERB: Dialect = {
  name: "every verb",
  ops: VERBS.map((_, op) => op as Op),
  messages: new Map(),
};
const UNKNOWN = "Protocol Violation: Unknown Protocol Operation";
const SEPARATORS = [" ", "\t", "  ", " \t ", "\t\t", " ".repeat(5000)];

test("a verb is understood in every mix of cases", () => {
  for (const verb of VERBS) {
    for (const spelling of caseMixes(verb.verb)) {
      assert.deepEqual(eventsOf(`${spelling} {}\r\n`), [eventOf(verb)]);
    }
  }
});

test("blanks and tabs of any number stand between a verb and its arguments", () => {
  for (const verb of VERBS) {
    for (const blanks of SEPARATORS) {
      const line = `${verb.verb}${blanks}{}\r\n`;
      assert.deepEqual(eventsOf(line), [eventOf(verb)]);
    }
  }
});

test("a line ends with LF, with or without a CR before it", () => {
  for (const verb of VERBS) {
    const lines = `${verb.verb} {}\n${verb.verb} {}\r\n`;
    assert.deepEqual(eventsOf(lines), [eventOf(verb), eventOf(verb)]);
  }
});

test("only verbs that say so may touch what follows them", () => {
  for (const verb of VERBS) {
    const line = asciiBytes(`${verb.verb}{}\r\n`);
    const outcome = outcomeOf(EVERY_VERB, [line]);
    if (verb.rule === "arguments" || verb.rule === "text") {
      assert.equal(outcome.refusal, UNKNOWN, verb.verb);
    } else assert.deepEqual(outcome.events, [eventOf(verb)]);
  }
});

test("the beginning of a verb is no verb", () => {
  for (const { verb } of VERBS) {
    for (let length = 1; length < verb.length; length++) {
      for (const after of [" ", "\t", "\r", "\n"]) {
        const input = asciiBytes(verb.slice(0, length) + after);
        assert.equal(outcomeOf(EVERY_VERB, [input]).refusal, UNKNOWN, verb);
      }
    }
  }
});

test("a verb that a kind of peer does not send is unknown there", () => {
  for (let op = 0; op < VERBS.length; op++) {
    const ops = EVERY_VERB.ops.filter((other) => other !== op);
    const dialect = { ...EVERY_VERB, ops };
    const input = asciiBytes(VERBS[op]!.verb);
    assert.equal(outcomeOf(dialect, [input]).refusal, UNKNOWN, VERBS[op]!.verb);
  }
});

test("an LF behind the blanks is an argument, not the end of the line", () => {
  for (const { verb, rule } of VERBS) {
    const { events } = outcomeOf(EVERY_VERB, [asciiBytes(`${verb} \n{}\r\n`)]);
    if (rule === "ignored") assert.deepEqual(events, [verb]);
    else assert.deepEqual(events, [`${verb} \n{}`]);
  }
});

/** What is handed over for a line of `{}`. */
function eventOf({ verb, rule }: typeof VERBS[number]): string {
  return rule === "ignored" ? verb : `${verb} {}`;
}

function eventsOf(input: string): string[] {
  return outcomeOf(EVERY_VERB, [asciiBytes(input)]).events;
}

function caseMixes(verb: string): string[] {
  let mixes = [""];
  for (const char of verb) {
    const cases = [...new Set([char, char.toLowerCase()])];
    mixes = mixes.flatMap((mix) => cases.map((letter) => mix + letter));
  }
  return mixes;
}
