/**
 * What a case of `bench_micro.ts` is. It is made of the modules of whichever tree
 * is asked for, so that two trees can be measured in one process; a tree that has
 * not got what a case needs, or has it in another form, is not measured.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** One piece, made of one tree. */
export interface Piece {
  /** Does the case's number of operations. */
  run(): void | Promise<void>;
  end?(): void | Promise<void>;
}

export interface MicroCase {
  readonly name: string;
  /** Operations of one `run`. */
  readonly operations: number;
  make(load: LoadModule): Promise<Piece>;
}

/** A module of the tree by its path, as the same module here is typed. */
export type LoadModule = <Module>(path: string) => Promise<Module>;

export function modulesOf(folder: string): LoadModule {
  return (path) => import(pathToFileURL(join(folder, path)).href);
}
