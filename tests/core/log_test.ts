/** Log lines: the form that operators know from nats-server. */
import assert from "node:assert/strict";
import { TextLogger, type TextLogOptions } from "../../src/core/log.ts";
import { test } from "../support/test.ts";

function logged(
  options: Partial<TextLogOptions>,
  say: (logger: TextLogger) => void,
): string[] {
  const lines: string[] = [];
  say(
    new TextLogger({
      sink: { write: (line) => lines.push(line) },
      pid: 77,
      timestamp: () => "2026/11/22 10:00:00.000000",
      debug: true,
      trace: true,
      colors: false,
      ...options,
    }),
  );
  return lines;
}

function sayAll(logger: TextLogger): void {
  logger.notice("n");
  logger.warn("w");
  logger.error("e");
  logger.fatal("f");
  logger.debug("d");
  logger.trace("t");
}

test("a line has process, time, level and text", () => {
  const stamp = "[77] 2026/11/22 10:00:00.000000";
  assert.deepEqual(logged({}, sayAll), [
    `${stamp} [INF] n\n`,
    `${stamp} [WRN] w\n`,
    `${stamp} [ERR] e\n`,
    `${stamp} [FTL] f\n`,
    `${stamp} [DBG] d\n`,
    `${stamp} [TRC] t\n`,
  ]);
});

test("without a time the line closes up", () => {
  const lines = logged({ timestamp: () => "" }, sayAll);
  assert.equal(lines[0], "[77] [INF] n\n");
});

test("debug and trace are left out unless asked for", () => {
  const lines = logged({ debug: false, trace: false }, (logger) => {
    assert.equal(logger.debugEnabled, false);
    assert.equal(logger.traceEnabled, false);
    logger.debug("d");
    logger.trace("t");
    logger.notice("n");
  });
  assert.equal(lines.length, 1);
});

test("a terminal gets coloured levels", () => {
  const labels = logged({ colors: true, timestamp: () => "" }, sayAll)
    .map((line) => JSON.stringify(line.slice("[77] ".length, -"] n\n".length)));
  assert.deepEqual(labels, [
    String.raw`"[\u001b[32mINF\u001b[0m"`,
    String.raw`"[\u001b[0;93mWRN\u001b[0m"`,
    String.raw`"[\u001b[31mERR\u001b[0m"`,
    String.raw`"[\u001b[31mFTL\u001b[0m"`,
    String.raw`"[\u001b[36mDBG\u001b[0m"`,
    String.raw`"[\u001b[33mTRC\u001b[0m"`,
  ]);
});
