/**
 * The seam for files and folders. `runtime/process/files.ts` implements it.
 */

/** Files of the machine. Failures reject with the operator's words, `open x: no such file or directory`. */
export interface Files {
  readText(path: string): Promise<string>;
  /** Writes a new file beside it and renames that over it, so that no reader sees half. */
  replaceText(path: string, text: string, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names of the files in a folder. */
  list(path: string): Promise<string[]>;
  /** Sets the time of the last change to now. */
  touch(path: string): Promise<void>;
  /** Something that changes whenever the file does, also when another takes its place; undefined: no file. */
  fingerprint(path: string): Promise<string | undefined>;
  /** Milliseconds since the Unix epoch. */
  modifiedAt(path: string): Promise<number>;
  /**
   * Calls `onChange` when something in the folder of `path` changes. Only a
   * hint: network file systems tell nothing. Call the result to end it.
   */
  watch(path: string, onChange: () => void): () => void;
}
