/**
 * What `bench.ts` prints: the median of each figure for each server, its ratio to
 * the better of the nats-servers, and the floor beside it with a mark where it is
 * missed; as text for a terminal and as tables of Markdown.
 */
import type { RuntimeName } from "../tests/support/runtimes.ts";
import {
  isLessBetter,
  type Load,
  MEMORY_CEILINGS,
  type Row,
  unitOf,
} from "./bench_cases.ts";
import type { Figures } from "./bench_load.ts";
import { median } from "./benchmark.ts";

/** A server of the table. */
export interface Column {
  readonly name: string;
  /** Undefined for nats-server. */
  readonly runtime?: RuntimeName | undefined;
}

/** What was measured: rounds by server and load. */
export type Rounds = Readonly<Record<string, readonly Figures[]>>;

/** The name of the rounds of one load on one server. */
export function roundsKey({ name }: Column, { rows }: Load): string {
  return `${name}: ${rows[0]!.name}`;
}

/** Medians over the rounds of all loads. */
export class BenchTable {
  readonly #columns: readonly Column[];
  readonly #loads: readonly Load[];
  readonly #rounds: Rounds;

  constructor(
    columns: readonly Column[],
    loads: readonly Load[],
    rounds: Rounds,
  ) {
    this.#columns = columns;
    this.#loads = loads.filter((load) =>
      columns.some((column) => rounds[roundsKey(column, load)] !== undefined)
    );
    this.#rounds = rounds;
  }

  asText(): string {
    const lines: string[] = [];
    const missed: string[] = [];
    for (const load of this.#loads) {
      for (const row of load.rows) {
        lines.push(`${row.name}, ${unitOf(row)}`);
        for (const column of this.#columns) {
          const { text, isMissed } = this.#textLine(column, load, row);
          lines.push(text);
          if (isMissed) missed.push(`${column.name}: ${row.name}`);
        }
      }
    }
    lines.push("most memory for any load, MiB");
    for (const column of this.#columns) {
      const { peak, ceiling, isMissed } = this.#most(column);
      const limit = ceiling === undefined ? "" : `  at most ${ceiling}`;
      lines.push(
        `  ${column.name.padEnd(20)} ${peak.toFixed(0).padStart(12)}${limit}` +
          (isMissed ? "  MISSED" : ""),
      );
      if (isMissed) missed.push(`${column.name}: most memory`);
    }
    lines.push(
      `${missed.length} missed`,
      ...missed.map((name) => `  ${name}`),
    );
    return lines.join("\n");
  }

  /** Ratios with floors, then processor time and memory of each load. */
  asMarkdown(): string {
    const names = this.#columns.map(({ name }) => name);
    const ratios = this.#loads.flatMap((load) =>
      load.rows.map((row) => [
        `${row.name}, ${unitOf(row)}`,
        ...this.#columns.map((column) => this.#markdownCell(column, load, row)),
      ])
    );
    const each = (cell: (column: Column, load: Load) => string): string[][] =>
      this.#loads.map((load) => [
        load.rows[0]!.name,
        ...this.#columns.map((column) => cell(column, load)),
      ]);
    const cpu = each((column, load) =>
      shown(this.#median(column, load, (figures) => figures.cpu_ns))
    );
    const memory = each((column, load) =>
      shown(this.#median(column, load, (figures) => figures.peak_mib))
    );
    return [
      tableOf(["case", ...names], ratios),
      tableOf(
        ["ns of CPU a message or request", ...names],
        cpu.filter((cells) => cells.some((cell, at) => at > 0 && cell !== "")),
      ),
      tableOf(["peak memory, MiB", ...names], memory),
    ].join("\n\n");
  }

  #textLine(
    column: Column,
    load: Load,
    row: Row,
  ): { text: string; isMissed: boolean } {
    const { figure, ratio, floor, isMissed } = this.#cell(column, load, row);
    const cpu = this.#median(column, load, (figures) => figures.cpu_ns);
    const peak = this.#median(column, load, (figures) => figures.peak_mib);
    const text = `  ${column.name.padEnd(20)} ${shown(figure).padStart(12)}  ` +
      (Number.isNaN(ratio) ? "    " : ratio.toFixed(2)) +
      (floor === undefined ? " ".repeat(11) : `  floor ${floor.toFixed(1)}`) +
      (Number.isNaN(cpu) ? "" : `  ${shown(cpu).padStart(8)} ns of CPU`) +
      `  ${shown(peak).padStart(4)} MiB` +
      (isMissed ? "  MISSED" : "");
    return { text, isMissed };
  }

  #markdownCell(column: Column, load: Load, row: Row): string {
    const { figure, ratio, floor, isMissed } = this.#cell(column, load, row);
    if (Number.isNaN(figure)) return "";
    if (floor === undefined || Number.isNaN(ratio)) return shown(figure);
    const text = ratio.toFixed(2);
    return `${isMissed ? `**${text}**` : text} (${floor.toFixed(1)})`;
  }

  #cell(column: Column, load: Load, row: Row): {
    figure: number;
    ratio: number;
    floor: number | undefined;
    isMissed: boolean;
  } {
    const of = (one: Column): number =>
      this.#median(one, load, (figures) => figures[row.field]);
    const references = this.#columns
      .filter(({ runtime }) => runtime === undefined).map(of)
      .filter((figure) => !Number.isNaN(figure));
    const figure = of(column);
    const ratio = references.length === 0
      ? NaN
      : isLessBetter(row)
      ? Math.min(...references) / figure
      : figure / Math.max(...references);
    const { runtime } = column;
    const floor = runtime === undefined ? undefined : row.floors[runtime];
    const isMissed = floor !== undefined && ratio < floor;
    return { figure, ratio, floor, isMissed };
  }

  #most(column: Column): {
    peak: number;
    ceiling: number | undefined;
    isMissed: boolean;
  } {
    const peaks = this.#loads
      .map((load) => this.#median(column, load, ({ peak_mib }) => peak_mib))
      .filter((peak) => !Number.isNaN(peak));
    const peak = Math.max(...peaks);
    const { runtime } = column;
    const ceiling = runtime && MEMORY_CEILINGS[runtime];
    return { peak, ceiling, isMissed: ceiling !== undefined && peak > ceiling };
  }

  #median(
    column: Column,
    load: Load,
    read: (figures: Figures) => number | undefined,
  ): number {
    const rounds = this.#rounds[roundsKey(column, load)] ?? [];
    return median(rounds.map(read).filter((figure) => figure !== undefined));
  }
}

/** Empty where there is no figure. */
function shown(figure: number): string {
  return Number.isNaN(figure) ? "" : Math.round(figure).toLocaleString("en");
}

function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}
