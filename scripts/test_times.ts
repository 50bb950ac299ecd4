/** How long each test took, from what the three test runners print behind its title. */

/** A test that has passed. */
export interface TestTime {
  readonly title: string;
  readonly seconds: number;
}

// Deno: `file => title ... ok (1m2s)`, Bun: `(pass) title [20.1ms]`, Node: `✔ title (20.1ms)`.
const PASSED =
  /^(?:\S+ => (.+) \.\.\. ok|\(pass\) (.+)|✔ (.+)) [([](?:(\d+)m(?!s))?(?:([\d.]+)(m?s))?[)\]]$/gm;

/** The tests that took longest, no more than `count`, the slowest first. */
export function slowestTests(output: string, count: number): TestTime[] {
  const all = [...output.matchAll(PASSED)].map(
    ([, onDeno, onBun, onNode, minutes = "0", number = "0", unit]) => ({
      title: onDeno ?? onBun ?? onNode ?? "",
      seconds: Number(minutes) * 60 +
        Number(number) / (unit === "ms" ? 1000 : 1),
    }),
  );
  return all.sort((one, other) => other.seconds - one.seconds).slice(0, count);
}
