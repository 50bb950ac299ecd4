/** What mirrors and sources have in common. */
import { ConfiguredTransform } from "../stream/republishing.ts";
import type { Stream } from "../stream/stream.ts";
import type { SourceConfig } from "../stream/stream_config.ts";

export function transformsOf(
  { subject_transforms = [] }: SourceConfig,
  { host }: Stream,
): readonly ConfiguredTransform[] {
  return subject_transforms.map((one) =>
    new ConfiguredTransform(one, host.random)
  );
}

/** What a subject of the origin, a byte string, becomes by the first transform that means it. */
export function transformed(
  subject: string,
  transforms: readonly ConfiguredTransform[],
): string {
  for (const transform of transforms) {
    const other = transform.of(subject);
    if (other !== undefined) return other;
  }
  return subject;
}

/** Calls `done` once all that `stream` has taken is kept for good; not at all where it cannot be. */
export function whenKept(stream: Stream, done: () => void): void {
  const settled = stream.settled();
  if (settled === undefined) done();
  else settled.then(done, () => {});
}
