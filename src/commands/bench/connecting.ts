/** The connections of a load, by the flags that all client commands have. */
import { withProviders } from "../../app/client_discovery.ts";
import { withTlsFiles } from "../../app/tls_files.ts";
import { webDialler } from "../../app/web_dialler.ts";
import type { BenchCourse } from "../../bench/course.ts";
import { LoadLine } from "../../bench/load_line.ts";
import { watchLine } from "../../bench/load.ts";
import type { ConnectionOptions } from "../../client/api/options.ts";
import type { ClientRuntime } from "../../client/link.ts";
import { platform } from "../../runtime/mod.ts";
import { readTextFile } from "../../runtime/process/system.ts";
import { sayer } from "../client_program.ts";
import { clientConnectOptions, type ClientFlags } from "../connection_flags.ts";

const machine: ClientRuntime = { ...platform, dialWeb: webDialler(platform) };

/** Opens `count` connections. Rejects when the first one that fails does. */
export async function openLines(
  flags: ClientFlags,
  count: number,
  course: BenchCourse,
): Promise<LoadLine[]> {
  const options = withProviders(
    withTlsFiles({
      name: "midge bench",
      ...clientConnectOptions(flags, sayer(flags)),
    }, readTextFile),
    platform,
  );
  return await openWith(options, count, course);
}

async function openWith(
  options: ConnectionOptions,
  count: number,
  course: BenchCourse,
): Promise<LoadLine[]> {
  const lines: LoadLine[] = [];
  try {
    while (lines.length < count) {
      const line = await LoadLine.open(options, machine);
      lines.push(line);
      watchLine(line, course);
    }
  } catch (error) {
    await closeLines(lines);
    throw error;
  }
  return lines;
}

/** Opens `count` connections to a server that lets everyone in. */
export async function openPlainLines(
  url: string,
  count: number,
  course: BenchCourse,
): Promise<LoadLine[]> {
  return await openWith({ servers: url }, count, course);
}

export async function closeLines(lines: readonly LoadLine[]): Promise<void> {
  await Promise.all(lines.map((line) => line.close()));
}

/** Throws when the server takes no payload of this size. */
export function checkPayloadSize(line: LoadLine, size: number): void {
  const limit = line.connection.info?.max_payload ?? Infinity;
  if (size <= limit) return;
  throw new Error(
    `-size ${size} is larger than the server's limit of ${limit} bytes`,
  );
}
