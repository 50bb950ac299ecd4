/**
 * The trie of patterns: a node for each token, with the subscribers of the
 * pattern that ends there. `sublist.ts` owns it.
 */

import type { Audience } from "./audience.ts";
import { type MapKey, mapKey } from "./map_key.ts";
import { tokenEnd } from "./subject.ts";
import type { Subscriber } from "./subject_match.ts";
import { type KeyedMap, withRoom } from "./wide_map.ts";

const DIGITS = /^\d+$/;

function isNumber(token: string): boolean {
  return DIGITS.test(token);
}

function keyOf({ key }: Pick<PatternNode<Subscriber>, "key">): MapKey {
  return key;
}

/** Where one token of a pattern leads. */
export class PatternNode<S extends Subscriber> {
  /** The token that leads here; an empty text for the first node. */
  readonly key: MapKey;
  children: KeyedMap<MapKey, PatternNode<S>> | undefined = undefined;
  audience: Audience<S> | undefined = undefined;
  /** Children whose tokens are digits. */
  numbers = 0;

  constructor(key: MapKey = "") {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.children === undefined && this.audience === undefined;
  }

  child(token: string): PatternNode<S> | undefined {
    return this.children?.get(mapKey(token));
  }

  childOrNew(token: string): PatternNode<S> {
    this.children = withRoom<MapKey, PatternNode<S>>(
      this.children ?? new Map(),
      keyOf,
    );
    const key = mapKey(token);
    let child = this.children.get(key);
    if (child === undefined) {
      child = new PatternNode(key);
      this.children.set(key, child);
      if (isNumber(token)) this.numbers++;
    }
    return child;
  }

  dropChild(token: string): void {
    const isGone = this.children?.delete(mapKey(token)) === true;
    if (isGone && isNumber(token)) this.numbers--;
    if (this.children?.size === 0) this.children = undefined;
  }
}

/**
 * Walks the trie level by level, since a hostile pattern may be deep enough to
 * exhaust the stack of a recursive walk. Gives how many nodes it looked at.
 */
export function collectPatterns<S extends Subscriber>(
  root: PatternNode<S>,
  subject: string,
  audiences: Audience<S>[],
): number {
  let level = [root];
  let start = 0;
  let nodes = 0;
  while (start <= subject.length && level.length > 0) {
    const end = tokenEnd(subject, start);
    const token = subject.slice(start, end);
    const isOrdinary = token !== "*" && token !== ">";
    const next: PatternNode<S>[] = [];
    nodes += level.length;
    for (const node of level) {
      const rest = node.child(">");
      if (rest?.audience !== undefined) audiences.push(rest.audience);
      const any = node.child("*");
      if (any !== undefined) next.push(any);
      // A token that is new is dear to look up (see `literal_filter.ts`).
      const wild = Number(rest !== undefined) + Number(any !== undefined);
      const isNamed = isOrdinary && (node.children?.size ?? 0) > wild;
      const same = isNamed ? node.child(token) : undefined;
      if (same !== undefined) next.push(same);
    }
    level = next;
    start = end + 1;
  }
  for (const { audience } of level) {
    if (audience !== undefined) audiences.push(audience);
  }
  return nodes + level.length;
}

/**
 * The audiences of all subjects with one ordinary token behind `parent`. Gives
 * how many nodes it looked at, as a negative number if some pattern has such a
 * token of its own.
 */
export function collectBelow<S extends Subscriber>(
  root: PatternNode<S>,
  parent: string,
  audiences: Audience<S>[],
): number {
  const { level, nodes } = descend(root, parent, audiences);
  for (const node of level) {
    const [rest, any] = [node.child(">"), node.child("*")];
    const wild = Number(rest !== undefined) + Number(any !== undefined);
    if ((node.children?.size ?? 0) > wild) return -nodes;
    if (rest?.audience !== undefined) audiences.push(rest.audience);
    if (any?.audience !== undefined) audiences.push(any.audience);
  }
  return nodes + level.length;
}

/** As `collectBelow`, for subjects with `count` tokens of digits behind `parent`. */
export function collectNumbersBelow<S extends Subscriber>(
  root: PatternNode<S>,
  parent: string,
  count: number,
  audiences: Audience<S>[],
): number {
  let { level, nodes } = descend(root, parent, audiences);
  for (let token = 0; token < count; token++) {
    const next: PatternNode<S>[] = [];
    nodes += level.length;
    for (const node of level) {
      if (node.numbers > 0) return -nodes;
      const rest = node.child(">")?.audience;
      if (rest !== undefined) audiences.push(rest);
      const any = node.child("*");
      if (any !== undefined) next.push(any);
    }
    level = next;
  }
  for (const { audience } of level) {
    if (audience !== undefined) audiences.push(audience);
  }
  return nodes;
}

/** The nodes behind `parent`, and how many it looked at on the way. */
function descend<S extends Subscriber>(
  root: PatternNode<S>,
  parent: string,
  audiences: Audience<S>[],
): { level: PatternNode<S>[]; nodes: number } {
  let level = [root];
  let nodes = 0;
  for (const token of parent.split(".")) {
    const next: PatternNode<S>[] = [];
    nodes += level.length;
    for (const node of level) {
      const rest = node.child(">")?.audience;
      if (rest !== undefined) audiences.push(rest);
      for (const key of ["*", token]) {
        const child = node.child(key);
        if (child !== undefined) next.push(child);
      }
    }
    level = next;
  }
  return { level, nodes };
}

/** Drops the nodes at the end of a pattern's path that lead nowhere any more. */
export function prune<S extends Subscriber>(
  path: readonly PatternNode<S>[],
  pattern: string,
): void {
  const tokens = pattern.split(".");
  for (let depth = tokens.length; depth > 0; depth--) {
    if (!path[depth]!.isEmpty) return;
    path[depth - 1]!.dropChild(tokens[depth - 1]!);
  }
}
