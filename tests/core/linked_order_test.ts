/** Items in their order, taken out anywhere. */
import assert from "node:assert/strict";
import { LinkedOrder, type OrderLink } from "../../src/core/linked_order.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

test("random items that come and go stand in the order of a list", () => {
  const random = seededRandom(freshSeed());
  const order = new LinkedOrder<number>();
  const links: OrderLink<number>[] = [];
  for (let step = 0; step < 2_000; step++) {
    if (random.next() < 0.5) links.push(order.add(step));
    else if (links.length > 0) {
      const at = Math.floor(random.next() * links.length);
      const [gone] = links.splice(at, 1);
      assert.equal(order.remove(gone!), true);
      assert.equal(order.remove(gone!), false);
    }
    const items: number[] = [];
    for (let link = order.oldest; link; link = link.behind) {
      items.push(link.item);
    }
    assert.deepEqual(items, links.map(({ item }) => item));
    assert.equal(order.size, links.length);
  }
});
