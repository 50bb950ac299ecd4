/**
 * Makes requests to the server whose URL it is given: one that is answered, one
 * that is not, and one for a stream; aborts what is left of them, closes its
 * watch of a folder, and has nothing more to do.
 */
import { tmpdir } from "node:os";
import process from "node:process";
import { platform } from "../../src/runtime/mod.ts";

const url = process.argv[2];
const aborter = new AbortController();
const { signal } = aborter;
platform.files.watch(`${tmpdir()}/`, () => {});

const silent = platform.fetch(`${url}/silent`, { signal })
  .catch(() => console.log("aborted"));
const whole = await platform.fetch(`${url}/whole`, { signal });
for await (const _ of whole.body ?? []);
const stream = await platform.fetch(`${url}/stream`, { signal });
for await (const _ of stream.body ?? []) break;
await platform.fetch(`${url}/stream`, { signal });
aborter.abort(new Error("that is enough"));
await silent;
