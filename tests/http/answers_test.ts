/** The headers that each kind of answer comes with. */
import assert from "node:assert/strict";
import {
  htmlAnswer,
  jsonAnswer,
  NOT_CACHED,
  notModifiedAnswer,
  READABLE_BY_ANY_SITE,
  textAnswer,
} from "../../src/http/answers.ts";
import { test } from "../support/test.ts";

test("JSON says that it is JSON, and other sites may read it only if that is said", () => {
  assert.deepEqual(jsonAnswer(201, "{}"), {
    status: 201,
    headers: { "Content-Type": "application/json" },
    body: "{}",
  });
  const { headers } = jsonAnswer(200, "{}", READABLE_BY_ANY_SITE);
  assert.equal(headers["Access-Control-Allow-Origin"], "*");
});

test("no browser takes a text for a page", () => {
  const { status, headers, body } = textAnswer(404, "<b>\n", NOT_CACHED);
  assert.deepEqual([status, body], [404, "<b>\n"]);
  assert.equal(headers["Content-Type"], "text/plain; charset=utf-8");
  assert.equal(headers["X-Content-Type-Options"], "nosniff");
  assert.equal(headers["Cache-Control"], "no-cache");
});

test("a page for people runs nothing and loads nothing", () => {
  const { headers } = htmlAnswer("<p>");
  assert.equal(headers["Content-Type"], "text/html; charset=utf-8");
  const policy = headers["Content-Security-Policy"]!;
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /script/);
});

test("what a reader has already is not sent again", () => {
  const answer = notModifiedAnswer('"7"', NOT_CACHED);
  assert.deepEqual(answer, {
    status: 304,
    headers: { "Cache-Control": "no-cache", ETag: '"7"' },
    body: "",
  });
});
