/**
 * The place in a configuration that the lexer has come to, with what its states
 * share: the item that one of them has found, and the brackets that are open.
 */
import { isSecretKey } from "../../core/redact.ts";
import { Cursor } from "./cursor.ts";
import type { Position, Source } from "./diagnostic.ts";
import type { Item } from "./item.ts";

/** Deeper brackets than this are a mistake or an attack on the stack. */
export const NESTING_MAX = 100;

/** A bracket that waits for its counterpart. `file` braces enclose a whole file. */
interface OpenBracket {
  readonly kind: "file" | "map" | "array";
  readonly at: Position;
}

export class ItemCursor extends Cursor {
  /** The one that was found by the last state. */
  item: Item | undefined = undefined;
  readonly brackets: OpenBracket[] = [];
  readonly #at: Position | undefined;
  #last: Item | undefined = undefined;

  constructor(source: Source, at: Position | undefined) {
    super(source);
    this.#at = at;
  }

  /** The item before what is read. */
  get last(): Item | undefined {
    return this.#last;
  }

  get innermost(): OpenBracket | undefined {
    return this.brackets.at(-1);
  }

  /** What is read may be a secret: it stands in a block, or its key says so. */
  get isSecret(): boolean {
    return this.brackets.some(({ kind }) => kind !== "file") ||
      this.#last?.kind === "key" && isSecretKey(this.#last.value);
  }

  /** Where items that begin here stand. */
  get place(): Position {
    return this.#at ?? this.here;
  }

  emit(item: Item): void {
    this.item = item;
    this.#last = item;
  }

  open(kind: OpenBracket["kind"]): void {
    if (this.brackets.length >= NESTING_MAX) {
      this.fail(`Brackets are nested more than ${NESTING_MAX} deep`);
    }
    this.brackets.push({ kind, at: this.here });
    this.advance();
  }
}
