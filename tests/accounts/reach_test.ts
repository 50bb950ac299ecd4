/** Who hears whom, told as a table of names. */
import assert from "node:assert/strict";
import { Kind, kindBit, REACH } from "../../src/accounts/reach.ts";
import { test } from "../support/test.ts";

const KINDS = Object.keys(Kind) as (keyof typeof Kind)[];

const EXPECTED: Readonly<Record<keyof typeof Kind, readonly string[]>> = {
  CLIENT: ["CLIENT", "ROUTE", "LEAF", "SIBLING", "INTERNAL", "IMPORT"],
  ROUTE: ["CLIENT", "LEAF", "SIBLING", "INTERNAL"],
  LEAF: ["CLIENT", "ROUTE", "LEAF", "SIBLING", "INTERNAL", "IMPORT"],
  SIBLING: ["CLIENT", "LEAF", "INTERNAL"],
  INTERNAL: ["CLIENT", "ROUTE", "LEAF", "SIBLING", "INTERNAL", "IMPORT"],
  IMPORT: ["CLIENT", "ROUTE", "LEAF", "SIBLING", "INTERNAL", "IMPORT"],
};

test("each kind is heard by the kinds that the table names, and by no other", () => {
  for (const from of KINDS) {
    const { hears } = REACH[Kind[from]]!;
    const heardBy = KINDS.filter((by) => (hears & kindBit(Kind[by])) !== 0);
    assert.deepEqual(heardBy, EXPECTED[from], from);
  }
});

test("groups are chosen where a message enters the cluster, and named behind that", () => {
  const named = KINDS.filter((kind) => REACH[Kind[kind]]!.groups === "named");
  assert.deepEqual(named, ["ROUTE", "SIBLING"]);
});
