/**
 * What a stream has acknowledged last, noted beside its database, so that it shows
 * when that loses its end. Nothing waits until it is on disk.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import {
  type RawFile,
  type RawFiles,
  StorageError,
} from "../../platform/storage.ts";

const NAME = "acknowledged";
const DIGITS = 16;
const BYTES = 2 * DIGITS + 1;

export class Acknowledged {
  readonly #file: RawFile | undefined;

  /** In `folder`; without files nothing is noted. */
  constructor(folder: string, files: RawFiles | undefined) {
    this.#file = files?.open(`${folder}/${NAME}`);
  }

  get isThere(): boolean {
    return this.#file !== undefined && this.#file.size > 0;
  }

  /** The last sequence, and how many messages there were; zeros where nothing was noted. */
  read(): [lastSeq: number, count: number] {
    const bytes = this.#file?.read(0, BYTES) ?? new Uint8Array(0);
    const [, lastSeq = "0", count = "0"] =
      /^(\d+) (\d+)$/.exec(byteString(bytes, 0, bytes.length)) ?? [];
    return [Number(lastSeq), Number(count)];
  }

  note(lastSeq: number, count: number): void {
    try {
      const text = `${digitsOf(lastSeq)} ${digitsOf(count)}\n`;
      this.#file?.write(0, asciiBytes(text));
    } catch (error) {
      // The database has it.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  close(): void {
    this.#file?.close();
  }
}

function digitsOf(number: number): string {
  return String(number).padStart(DIGITS, "0");
}
