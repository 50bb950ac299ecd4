/** Messages that none wants go in parts; what goes for another reason meanwhile is passed. */
import assert from "node:assert/strict";
import { MessageIndex } from "../../src/jetstream/store/message_index.ts";
import { Readers } from "../../src/jetstream/stream/readers.ts";
import { KeptForReaders } from "../../src/jetstream/stream/retention.ts";
import type { StreamConfig } from "../../src/jetstream/stream/stream_config.ts";
import type { StreamReader } from "../../src/jetstream/stream/stream_reader.ts";
import { WorkInParts } from "../../src/jetstream/stream/work_in_parts.ts";
import { test } from "../support/test.ts";

const MESSAGES = 3000;

/** One that has all up to a place behind it, and asks `index` what it means. */
function reader(
  index: MessageIndex,
  upTo: number,
  pattern: string,
): StreamReader {
  const filter = index.subjects.filter([pattern]);
  return {
    openMessages: 0,
    needs: (seq, number) => filter.meansNumber(number) && seq > upTo,
    isDone: (seq, number) => filter.meansNumber(number) && seq <= upTo,
    stored() {},
    removing() {},
    emptied() {},
    purged() {},
  };
}

for (const work of ["dropUnwanted", "dropDone"] as const) {
  for (
    const [readers, pattern] of [[2, "s.*"], [20, "s.*"], [20, ">"]] as const
  ) {
    test(`${work} passes what has gone since its last part: ${readers} readers of ${pattern}`, () => {
      const parts: (() => boolean)[] = [];
      const index = new MessageIndex();
      const all = new Readers(index.subjects);
      for (let i = 0; i < readers; i++) {
        all.set(reader(index, 2000, pattern), [pattern]);
      }
      for (let seq = 1; seq <= MESSAGES; seq++) {
        index.add({ seq, timeUs: seq, subject: "s.1", size: 1 });
      }
      const removals = new WorkInParts(
        {
          longWork: (part) => ({ goOn: () => void parts.push(part) }),
        },
        () => {},
        all,
      );
      const kept = new KeptForReaders({
        config: { retention: "interest" } as StreamConfig,
        index,
        readers: all,
        removals,
        remove: (seq) => void index.remove(seq),
      });
      kept[work](true);
      const [part] = parts;
      assert.equal(index.firstSeq, removals.messages + 1);
      // The next one goes by a limit.
      index.remove(index.firstSeq);
      while (!part!());
      assert.equal(index.messages, MESSAGES - 2000);
    });
  }
}
