/** Requests about one stream: each waits for those before it, and for what it is to wait for itself. */
import assert from "node:assert/strict";
import { RequestOrder } from "../../src/jetstream/api/request_order.ts";
import { test } from "../support/test.ts";

/** Work that is under way until it is ended. */
class Work {
  readonly #end = Promise.withResolvers<void>();
  #isOver = false;
  readonly underWay = (): Promise<void> | undefined =>
    this.#isOver ? undefined : this.#end.promise;

  end(): void {
    this.#isOver = true;
    this.#end.resolve();
  }
}

test("a request that waits behind another one waits for its own work as well", async () => {
  const order = new RequestOrder();
  const [one, all] = [new Work(), new Work()];
  const begun: string[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  order.run("S", one.underWay, () => {
    begun.push("info");
    first.resolve();
  });
  order.run("S", all.underWay, () => {
    begun.push("create");
    second.resolve();
  });
  one.end();
  await first.promise;
  assert.deepEqual(begun, ["info"]);
  all.end();
  await second.promise;
  assert.deepEqual(begun, ["info", "create"]);
});
