/**
 * Uses all that `scripts/build/node20.ts` provides, and prints what came of
 * it: see `node20_test.ts`.
 */
const seen: unknown[] = [];

/** Counts up from 1 without end, and tells when it was closed. */
function* numbers(): Generator<number, undefined> {
  try {
    for (let n = 1;; n++) yield n;
  } finally {
    seen.push("closed");
  }
}

seen.push([...numbers().take(3)]);
seen.push([...numbers().take(0)]);
seen.push([...numbers().map((n, at) => n * 10 + at).take(3)]);
seen.push(numbers().filter((n) => n % 2 === 0).drop(1).take(2).toArray());
seen.push(numbers().take(2).flatMap((n) => [n, -n]).toArray());
seen.push(numbers().some((n) => n > 4), numbers().every((n) => n < 4));
seen.push(numbers().find((n) => n > 6));
seen.push([].values().find(() => true) ?? "nothing");
numbers().take(2).forEach((n) => seen.push(n));
seen.push(new Map([["a", 1]]).keys().map((key) => `${key}!`).toArray());
seen.push(new Set([1, 2]).values().take(1).toArray());
seen.push(Object.keys(Object.getPrototypeOf([].values())));

async function settle(): Promise<void> {
  const good = Promise.withResolvers<string>();
  good.resolve("resolved");
  seen.push(await good.promise);
  const bad = Promise.withResolvers<string>();
  bad.reject("rejected");
  seen.push(await bad.promise.catch((reason: string) => reason));
  console.log(JSON.stringify(seen));
}

void settle();
