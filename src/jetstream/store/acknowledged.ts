/**
 * What a stream has acknowledged last, noted beside its database, so that it shows
 * when that loses its end. Nothing waits until it is on disk.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import {
  type RawFile,
  type Storage,
  StorageError,
} from "../../platform/storage.ts";

const NAME = "acknowledged";
const DIGITS = 16;
const HEX_DIGITS = 8;
/** Two numbers, and the checksum of what stands before it. */
const LINE = /^((\d{16}) (\d{16})) ([\da-f]{8})\n$/;
const LINE_BYTES = 2 * (DIGITS + 1) + HEX_DIGITS + 1;

export class Acknowledged {
  /** The last sequence that was noted when the stream was opened; 0: none was. */
  readonly lastSeq: number = 0;
  /** How many messages there were then. */
  readonly count: number = 0;
  /** Why it is not known what was noted; undefined: it is. */
  readonly damage: string | undefined = undefined;
  readonly #checksum: Storage["checksum"];
  readonly #file: RawFile | undefined;

  /** In `folder`; without files nothing is noted. */
  constructor(folder: string, { raw, checksum }: Storage) {
    const path = `${folder}/${NAME}`;
    this.#checksum = checksum;
    try {
      this.#file = raw?.open(path);
      const { size = 0 } = this.#file ?? {};
      const noted = size === 0 ? [0, 0] as const : this.#read();
      if (noted === undefined) {
        throw new StorageError("its checksum differs", "damaged");
      }
      [this.lastSeq, this.count] = noted;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.damage = `${path} is damaged (${error.message}): it does not tell ` +
        "whether the stream has lost its end";
    }
  }

  /** Something was noted. */
  get isThere(): boolean {
    return this.#file !== undefined && this.#file.size > 0;
  }

  /** Undefined: it is damaged. */
  #read(): readonly [lastSeq: number, count: number] | undefined {
    const bytes = this.#file?.read(0, LINE_BYTES) ?? new Uint8Array(0);
    const [, numbers, lastSeq, count, sum] =
      LINE.exec(byteString(bytes, 0, bytes.length)) ?? [];
    const isWhole = numbers !== undefined && sum === this.#sumOf(numbers);
    return isWhole ? [Number(lastSeq), Number(count)] : undefined;
  }

  note(lastSeq: number, count: number): void {
    try {
      const numbers = `${digitsOf(lastSeq)} ${digitsOf(count)}`;
      const line = `${numbers} ${this.#sumOf(numbers)}\n`;
      this.#file?.write(0, asciiBytes(line));
    } catch (error) {
      // The database has it.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #sumOf(numbers: string): string {
    const sum = this.#checksum(asciiBytes(numbers), 0) >>> 0;
    return sum.toString(16).padStart(HEX_DIGITS, "0");
  }

  close(): void {
    this.#file?.close();
  }
}

function digitsOf(number: number): string {
  return String(number).padStart(DIGITS, "0");
}
