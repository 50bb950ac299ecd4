/** What a run has measured, as one object for other programs, and as a table. */
import type { LatencyFacts } from "./histogram.ts";
import { type Figures, figuresOf, type Role, type Tally } from "./tally.ts";

/** A run that is over. */
export interface BenchReport {
  /** `pub`, `js fetch` and so on. */
  readonly bench: string;
  readonly server: {
    /** Host and port. */
    readonly address: string;
    readonly name: string;
    readonly version: string;
  };
  /** What the flags asked for, by their names. */
  readonly asked: Readonly<Record<string, string | number | boolean>>;
  /** A signal ended it before it was done. */
  readonly interrupted: boolean;
  readonly tallies: readonly Tally[];
}

/** Figures by the names that they have in JSON. */
type FigureFields = Record<string, unknown>;

export function reportJson(report: BenchReport): Record<string, unknown> {
  const { tallies, ...facts } = report;
  return {
    ...facts,
    sums: rolesOf(tallies).map((role) => ({
      role,
      clients: ofRole(tallies, role).length,
      ...fieldsOf(figuresOf(ofRole(tallies, role))),
    })),
    clients: tallies.map((tally) => ({
      role: tally.role,
      client: tally.client,
      ...fieldsOf(figuresOf([tally])),
    })),
  };
}

function fieldsOf(figures: Figures): FigureFields {
  const { latency } = figures;
  return {
    msgs: figures.msgs,
    bytes: figures.bytes,
    lost: figures.lost,
    seconds: rounded(figures.seconds, 6),
    msgs_per_second: rounded(figures.msgsPerSecond, 1),
    bytes_per_second: rounded(figures.bytesPerSecond, 1),
    ...(latency !== undefined && { latency_ms: latencyFields(latency) }),
  };
}

function latencyFields(latency: LatencyFacts): FigureFields {
  return {
    count: latency.count,
    min: rounded(latency.min, 6),
    mean: rounded(latency.mean, 6),
    p50: rounded(latency.p50, 6),
    p90: rounded(latency.p90, 6),
    p99: rounded(latency.p99, 6),
    p99_9: rounded(latency.p999, 6),
    max: rounded(latency.max, 6),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The figures of each role. */
export function sumsOf(
  { tallies }: BenchReport,
): (Figures & { readonly role: Role })[] {
  return rolesOf(tallies).map((role) => ({
    role,
    ...figuresOf(ofRole(tallies, role)),
  }));
}

/** Clients that have a line of their own; of more only the sum is told. */
const CLIENTS_SHOWN = 16;

/** A line for each client, and one for each role. */
export function reportTable({ tallies }: BenchReport): string {
  const withLatency = tallies.some(({ latency }) => latency !== undefined);
  const head = [
    "",
    "messages",
    "messages/s",
    "bytes/s",
    ...(withLatency ? ["p50", "p90", "p99", "p99.9", "max"] : []),
  ];
  const rows = rolesOf(tallies).flatMap((role) => {
    const all = ofRole(tallies, role);
    const shown = all.length > 1 && all.length <= CLIENTS_SHOWN ? all : [];
    return [
      ...shown.map((tally) =>
        rowOf(`${role} ${tally.client}`, figuresOf([tally]), withLatency)
      ),
      rowOf(
        all.length > 1 ? `${role}, all ${all.length}` : role,
        figuresOf(all),
        withLatency,
      ),
    ];
  });
  return textTable([head, ...rows]);
}

function rowOf(
  name: string,
  figures: Figures,
  withLatency: boolean,
): string[] {
  const { latency } = figures;
  const times = latency === undefined
    ? ["", "", "", "", ""]
    : [latency.p50, latency.p90, latency.p99, latency.p999, latency.max]
      .map(latencyText);
  return [
    name,
    countText(figures.msgs),
    countText(figures.msgsPerSecond),
    `${bytesText(figures.bytesPerSecond)}/s`,
    ...(withLatency ? times : []),
  ];
}

/** Columns under each other: the first one to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[column]!)
        : cell.padStart(widths[column]!)
    ).join("  ").trimEnd() + "\n"
  ).join("");
}

/** `1,234,567`, in whole numbers. */
export function countText(count: number): string {
  return Math.round(count).toString().replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `12.3 MiB` */
function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** Three digits: `43.1 us`, `1.25 ms`, `2.50 s`. */
export function latencyText(ms: number): string {
  if (ms < 1) return `${threeDigits(ms * 1000)} us`;
  return ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

function threeDigits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function rolesOf(tallies: readonly Tally[]): Role[] {
  return [...new Set(tallies.map(({ role }) => role))];
}

function ofRole(tallies: readonly Tally[], role: Role): Tally[] {
  return tallies.filter((tally) => tally.role === role);
}
