/** Sequences that are no exact numbers any more are refused where a stream would go on there. */
import assert from "node:assert/strict";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { type Answer, codeOf, stage } from "./stage.ts";

/** The largest start, and numbers beyond it as JSON. */
const LARGEST = 2 ** 52;
const BEYOND = ["4503599627370497", "9007199254740993", "18446744073709551615"];

for (const storage of ["memory", "file"]) {
  test(`a stream in ${storage} goes on behind the largest sequences that it may begin with`, async (t) => {
    const folder = storage === "file" ? temporaryFolder(t) : "";
    const { connection, ask, publish } = await stage(
      t,
      { name: "S", subjects: ["s"], storage, allow_direct: true },
      folder,
    );
    const said = async (subject: string, text: string): Promise<Answer> =>
      (await connection.request(`$JS.API.${subject}`, text)).json();
    await publish("s", "one");
    for (const seq of BEYOND) {
      const first = `{"name":"F","storage":"${storage}","first_seq":${seq}}`;
      assert.equal(codeOf(await said("STREAM.CREATE.F", first)), 10052, seq);
      const mirror = `{"name":"M","storage":"${storage}","mirror":{` +
        `"name":"S","opt_start_seq":${seq}}}`;
      assert.equal(codeOf(await said("STREAM.CREATE.M", mirror)), 10052, seq);
      const purge = await said("STREAM.PURGE.S", `{"seq":${seq}}`);
      assert.equal(codeOf(purge), 10110, seq);
      const filtered = `{"filter":"other","seq":${seq}}`;
      const { purged } = await said("STREAM.PURGE.S", filtered);
      assert.equal(purged, 0, seq);
      const get = await said("STREAM.MSG.GET.S", `{"seq":${seq}}`);
      assert.equal(codeOf(get), 10037, seq);
      const direct = await connection.request(
        "$JS.API.DIRECT.GET.S",
        `{"seq":${seq}}`,
      );
      assert.equal(direct.headers?.code, 404, seq);
    }
    assert.deepEqual(await publish("s", "two"), { stream: "S", seq: 2 });
    const { purged } = await ask("STREAM.PURGE.S", { seq: LARGEST });
    assert.equal(purged, 2);
    for (const seq of [LARGEST, LARGEST + 1, LARGEST + 2]) {
      assert.deepEqual(await publish("s", "more"), { stream: "S", seq });
    }
    const { message } = await ask("STREAM.MSG.GET.S", { seq: LARGEST + 1 });
    assert.equal((message as { seq: number }).seq, LARGEST + 1);
  });
}
