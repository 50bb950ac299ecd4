/** Of a message for many: who hears it at once, and how many hear it in later turns. */
import assert from "node:assert/strict";
import {
  DeliveryMark,
  type DirectReceiver,
  Interest,
  type MessageSource,
  type ServerReceiver,
} from "../../src/accounts/interest.ts";
import { Kind } from "../../src/accounts/reach.ts";
import { ServedLater } from "../../src/accounts/served_later.ts";
import { test } from "../support/test.ts";

class Receiver implements DirectReceiver {
  readonly kind: Kind;
  isGone = false;
  asked = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  takes(publisher: MessageSource | undefined): boolean {
    this.asked++;
    return !this.isGone && publisher !== this;
  }

  deliver(): boolean {
    return true;
  }
}

const SERVER: ServerReceiver = {
  isGone: false,
  kind: Kind.ROUTE,
  mark: new DeliveryMark(),
  forward: () => {},
};

function heardBy(receiver: Receiver, times: number): Interest[] {
  return Array.from(
    { length: times },
    (_, n) => Interest.direct(receiver, "a", "", String(n)),
  );
}

test("each receiver is asked once for a message, however often it hears it", () => {
  const one = new Receiver(Kind.CLIENT);
  const other = new Receiver(Kind.CLIENT);
  const plain = [...heardBy(one, 1000), ...heardBy(other, 5)];
  const later = new ServedLater();
  assert.equal(later.takersIn(plain, undefined), 1005);
  assert.equal(later.takersIn(plain, one), 5, "it hears no echo");
  other.isGone = true;
  assert.equal(later.takersIn(plain, undefined), 1000);
  assert.deepEqual([one.asked, other.asked], [3, 3]);
  assert.deepEqual(later.atOnceIn(plain), []);
});

test("servers and imports are served at once", () => {
  const client = new Receiver(Kind.CLIENT);
  const server = Interest.ofServer(SERVER, "a", "", 1);
  const [imported] = heardBy(new Receiver(Kind.IMPORT), 1);
  const plain = [server, ...heardBy(client, 3), imported!];
  const later = new ServedLater();
  assert.deepEqual(later.atOnceIn(plain), [server, imported]);
  assert.equal(later.takersIn(plain, undefined), 3);
});

test("another match has other receivers", () => {
  const client = new Receiver(Kind.CLIENT);
  const later = new ServedLater();
  const plain = heardBy(client, 3);
  assert.equal(later.takersIn(plain, undefined), 3);
  assert.equal(later.takersIn(plain.slice(1), undefined), 2);
});
