/**
 * Many patterns, and whether another one meets any of them: by their tokens, so
 * that a list of thousands is not compared with itself, pair by pair.
 */
import { subjectsCollide } from "./subject.ts";

/** Patterns that are compared one by one. */
const FEW = 16;

interface Node {
  /** By token; a `*` stands for itself. */
  readonly next: Map<string, Node>;
  isEnd: boolean;
  /** A `>` stands behind it. */
  isOpen: boolean;
}

export class SubjectCrowd {
  readonly #list: string[] = [];
  #root: Node | undefined = undefined;

  constructor(patterns: Iterable<string> = []) {
    for (const pattern of patterns) this.add(pattern);
  }

  add(pattern: string): void {
    this.#list.push(pattern);
    if (this.#root !== undefined) return addTo(this.#root, pattern);
    if (this.#list.length <= FEW) return;
    this.#root = emptyNode();
    for (const one of this.#list) addTo(this.#root, one);
  }

  /** Whether there is a subject that `pattern` and one of these match. */
  meets(pattern: string): boolean {
    return this.#root === undefined
      ? this.#list.some((one) => subjectsCollide(one, pattern))
      : meets(this.#root, pattern.split("."));
  }
}

/** The first of `patterns` that meets one behind it; -1: none does. */
export function firstMeeting(patterns: readonly string[]): number {
  const behind = new SubjectCrowd();
  let first = -1;
  for (let i = patterns.length - 1; i >= 0; i--) {
    if (behind.meets(patterns[i]!)) first = i;
    behind.add(patterns[i]!);
  }
  return first;
}

function emptyNode(): Node {
  return { next: new Map(), isEnd: false, isOpen: false };
}

function addTo(root: Node, pattern: string): void {
  let node = root;
  for (const token of pattern.split(".")) {
    if (token === ">") {
      node.isOpen = true;
      return;
    }
    let child = node.next.get(token);
    if (child === undefined) node.next.set(token, child = emptyNode());
    node = child;
  }
  node.isEnd = true;
}

function meets(root: Node, tokens: readonly string[]): boolean {
  const open: { readonly node: Node; readonly at: number }[] = [
    { node: root, at: 0 },
  ];
  for (let place; (place = open.pop()) !== undefined;) {
    const { node, at } = place;
    const token = tokens[at];
    if (token === undefined) {
      if (node.isEnd) return true;
      continue;
    }
    if (node.isOpen || (token === ">" && node.next.size > 0)) return true;
    const nodes = token === "*"
      ? node.next.values()
      : [node.next.get(token), node.next.get("*")];
    for (const next of nodes) {
      if (next !== undefined) open.push({ node: next, at: at + 1 });
    }
  }
  return false;
}
