/** Which handler answers: paths byte for byte, and methods. */
import assert from "node:assert/strict";
import { Router } from "../../src/http/router.ts";
import { test } from "../support/test.ts";

const router = new Router([
  ["/", { GET: "root" }],
  ["/list", { GET: "list", POST: "add" }],
  ["/items/*", { PUT: "put", DELETE: "delete" }],
  ["/items/deep/*", { GET: "deep" }],
  ["/any", { "*": "any" }],
]);

/** `handler rest`, or what the path gets in place of a handler. */
function found(method: string, path: string): string {
  const routed = router.find(method, path);
  switch (routed.kind) {
    case "found":
      return `${routed.handler} ${routed.rest}`.trim();
    case "no such path":
      return routed.kind;
    case "wrong method":
      return `only ${routed.allowed.join(", ")}`;
  }
}

test("a path and a method have one handler", () => {
  assert.equal(found("GET", "/"), "root");
  assert.equal(found("GET", "/list"), "list");
  assert.equal(found("POST", "/list"), "add");
});

test("a path is compared byte for byte", () => {
  const paths = ["", "//", "/list/", "//list", "/LIST", "/li%73t", "/list?x"];
  for (const path of [...paths, "/constructor", "/__proto__", "/item"]) {
    assert.equal(found("GET", path), "no such path", path);
  }
});

test("a path with a star takes any rest, and the longest one wins", () => {
  assert.equal(found("PUT", "/items/a"), "put a");
  assert.equal(found("PUT", "/items/"), "put");
  assert.equal(found("DELETE", "/items/a/b%20c"), "delete a/b%20c");
  assert.equal(found("GET", "/items/deep/x"), "deep x");
  assert.equal(found("GET", "/items"), "no such path");
});

test("HEAD is answered where GET is", () => {
  assert.equal(found("HEAD", "/list"), "list");
  assert.equal(found("HEAD", "/items/a"), "only PUT, DELETE");
});

test("another method is told the ones that are allowed, OPTIONS too", () => {
  for (const method of ["PUT", "OPTIONS", "get", "constructor", ""]) {
    assert.equal(found(method, "/list"), "only GET, HEAD, POST", method);
  }
  assert.equal(found("GET", "/items/a"), "only PUT, DELETE");
});

test("a star in place of methods takes every method", () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "PURGE"]) {
    assert.equal(found(method, "/any"), "any", method);
  }
});
