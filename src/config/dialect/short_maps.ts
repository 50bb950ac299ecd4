/**
 * The maps of a long text that are short: ten thousand accounts, each with a
 * user. Their places are kept in the tree, and what they hold is read again
 * when it is asked for, so that it never takes memory all at once.
 */
import type { TextPlace } from "./cursor.ts";
import type { Position, Source } from "./diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "./tree.ts";

/** Maps whose text is longer than this are kept as they were read. */
const LENGTH_MAX = 4096;

/** Reads the map that begins at a place. */
export type MapReader = (place: TextPlace) => ConfigMap;

/** The short maps of one text. */
export class ShortMaps {
  readonly source: Source;
  readonly #read: MapReader;
  #last: ShortMap | undefined = undefined;
  #lastEntries: Map<string, ConfigEntry> = new Map();

  constructor(source: Source, read: MapReader) {
    this.source = source;
    this.#read = read;
  }

  /** `map`, which is the text from `offset` to `end`, or what stands for it. */
  kept(map: ConfigMap, offset: number, end: number): ConfigMap {
    return end - offset > LENGTH_MAX || end - offset < 3
      ? map
      : new ShortMap(this, offset, map.at);
  }

  /** Of the map that was asked last they are still there: most is asked more than once. */
  entriesOf(map: ShortMap): Map<string, ConfigEntry> {
    if (this.#last !== map) {
      this.#lastEntries = this.#read(map).entries;
      this.#last = map;
    }
    return this.#lastEntries;
  }
}

/** A map that is read when it is looked into. */
class ShortMap implements ConfigMap, TextPlace {
  readonly kind = "map";
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  readonly #maps: ShortMaps;

  constructor(maps: ShortMaps, offset: number, { line, column }: Position) {
    this.#maps = maps;
    this.offset = offset;
    this.line = line;
    this.column = column;
  }

  get at(): Position {
    const { line, column } = this;
    return { source: this.#maps.source, line, column };
  }

  get entries(): Map<string, ConfigEntry> {
    return this.#maps.entriesOf(this);
  }
}

/** Whether what `value` holds is known to be little. */
export function isShort(value: ConfigValue): boolean {
  return value instanceof ShortMap;
}
