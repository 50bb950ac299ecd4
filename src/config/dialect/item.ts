/** What the lexer finds in a text, and the parser puts together. */
import type { Position } from "./diagnostic.ts";
import type { BareWord } from "./scalar.ts";

/** A piece of the text that means something. */
export type Item = { readonly at: Position } & ItemMeaning;

type ItemMeaning =
  | { readonly kind: "key"; readonly value: string }
  | { readonly kind: "include"; readonly value: string }
  | { readonly kind: "mapEnd" | "arrayStart" | "arrayEnd" | "end" }
  | {
    readonly kind: "mapStart";
    /** Where its bracket stands in the text. */
    readonly offset: number;
  }
  | Exclude<BareWord, { kind: "wrong" }>
  | {
    readonly kind: "string";
    readonly value: string;
    /** Variables may stand in it. */
    readonly isOpen?: true;
  };
