/** Which system and processor an executable is for, by its first bytes. */
import { closeSync, openSync, readSync } from "node:fs";

const HEAD_BYTES = 4096;

const ELF_MACHINES: Readonly<Record<number, string>> = {
  62: "x86-64",
  183: "aarch64",
};
const MACHO_PROCESSORS: Readonly<Record<number, string>> = {
  0x0100_0007: "x86-64",
  0x0100_000c: "aarch64",
};
const PE_MACHINES: Readonly<Record<number, string>> = {
  0x8664: "x86-64",
  0xaa64: "aarch64",
};
const ELF_MAGIC = 0x7f45_4c46;
const MACHO_64_MAGIC = 0xfeed_facf;
const MZ_MAGIC = 0x4d5a;
const PE_MAGIC = 0x5045_0000;

/** Like "ELF aarch64", "Mach-O x86-64" or "PE x86-64"; throws for anything else. */
export function formatOf(path: string): string {
  const head = headOf(path);
  const [format, processor] = readElf(head) ?? readMachO(head) ??
    readPe(head) ??
    [];
  if (processor !== undefined) return `${format} ${processor}`;
  throw new Error(`"${path}" is no executable that is known here`);
}

type Found = readonly [format: string, processor: string | undefined];

function readElf(head: DataView): Found | undefined {
  if (head.getUint32(0) !== ELF_MAGIC) return undefined;
  return ["ELF", ELF_MACHINES[head.getUint16(18, true)]];
}

function readMachO(head: DataView): Found | undefined {
  if (head.getUint32(0, true) !== MACHO_64_MAGIC) return undefined;
  return ["Mach-O", MACHO_PROCESSORS[head.getUint32(4, true)]];
}

function readPe(head: DataView): Found | undefined {
  if (head.getUint16(0) !== MZ_MAGIC) return undefined;
  const at = head.getUint32(60, true);
  if (head.getUint32(at) !== PE_MAGIC) return undefined;
  return ["PE", PE_MACHINES[head.getUint16(at + 4, true)]];
}

function headOf(path: string): DataView {
  const bytes = new Uint8Array(HEAD_BYTES);
  const file = openSync(path, "r");
  try {
    readSync(file, bytes);
  } finally {
    closeSync(file);
  }
  return new DataView(bytes.buffer);
}
