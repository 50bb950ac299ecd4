/**
 * Nodes that are written down in a file, which a program, a person or a
 * Kubernetes ConfigMap may replace at any time: JSON as `node_record.ts` reads
 * it, or one URL per line, with comments after `#`. A path that ends in `/` is a
 * folder in which each node keeps a file (`node_folder.ts`).
 *
 * A watch looks again when something happens in the file's folder, and every
 * second. That survives a rename over the file, the swap of a link on the way
 * to it, a time without a file, and a file that is written slowly.
 */
import { areSame } from "../finding/belief.ts";
import {
  type Discovery,
  DiscoveryError,
  type ResolveOptions,
  type Snapshot,
  type Wanted,
  type WatchOptions,
} from "../discovery.ts";
import { FileBell } from "./file_bell.ts";
import { type FilePlatform, fileUrl } from "../sources/node_files.ts";
import { NodeFolder } from "./node_folder.ts";
import { endpointsOf, type NodeRecord, nodesFrom } from "../node_record.ts";
import { untilAborted } from "../until_aborted.ts";

export interface FileListOptions {
  /** Of a file, or with a `/` at its end of a folder. */
  readonly path: string;
}

/** Asks a file or a folder, and watches it. */
export function fileList(
  { path }: FileListOptions,
  platform: FilePlatform,
  wanted: Wanted,
): Discovery {
  return new FileList(path, platform, wanted);
}

/** Where a list is read from. */
interface NodeSource {
  /** Rejects when there is nothing to read, or nothing that makes sense. */
  read(): Promise<readonly NodeRecord[]>;
  /**
   * As `read`, or undefined when that would give what it gave before, or when
   * the file is missing; `isCertain`: something has changed for sure.
   */
  readChanged(isCertain: boolean): Promise<readonly NodeRecord[] | undefined>;
}

function sourceAt(path: string, platform: FilePlatform): NodeSource {
  return path.endsWith("/")
    ? new NodeFolder(path, platform)
    : new NodeFile(path, platform);
}

class FileList implements Discovery {
  readonly name: string;
  readonly #path: string;
  readonly #source: NodeSource;
  readonly #platform: FilePlatform;
  readonly #wanted: Wanted;

  constructor(path: string, platform: FilePlatform, wanted: Wanted) {
    this.name = fileUrl(path);
    this.#path = path;
    this.#source = sourceAt(path, platform);
    this.#platform = platform;
    this.#wanted = wanted;
  }

  async resolve({ signal }: ResolveOptions): Promise<Snapshot> {
    signal.throwIfAborted();
    const nodes = await untilAborted(
      this.#telling(this.#source.read()),
      signal,
    );
    return this.#snapshotOf(nodes);
  }

  async *watch({ signal, last }: WatchOptions): AsyncGenerator<Snapshot> {
    const bell = new FileBell(this.#path, this.#platform, signal);
    const source = sourceAt(this.#path, this.#platform);
    let told = last?.endpoints;
    let isCertain = true;
    try {
      while (!signal.aborted) {
        const nodes = await this.#telling(source.readChanged(isCertain));
        const snapshot = nodes && this.#snapshotOf(nodes);
        const isNews = snapshot !== undefined &&
          !(told && areSame(told, snapshot.endpoints));
        if (isNews && !signal.aborted) {
          told = snapshot.endpoints;
          yield snapshot;
        }
        isCertain = await bell.rings();
      }
    } finally {
      bell.end();
    }
  }

  #snapshotOf(nodes: readonly NodeRecord[]): Snapshot {
    return {
      endpoints: nodes.flatMap((node) => endpointsOf(node, this.#wanted)),
      authoritative: true,
    };
  }

  async #telling<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "it is unreadable";
      throw new DiscoveryError(`Cannot read "${this.name}": ${why}`, { cause });
    }
  }
}

/** One file with all nodes. */
class NodeFile implements NodeSource {
  readonly #path: string;
  readonly #platform: FilePlatform;
  /** Of the file that was read last, and of one that could not be read. */
  #fingerprint: string | undefined;
  #suspect: string | undefined;

  constructor(path: string, platform: FilePlatform) {
    this.#path = path;
    this.#platform = platform;
  }

  async read(): Promise<NodeRecord[]> {
    return nodesIn(await this.#platform.files.readText(this.#path));
  }

  // The fingerprint is taken first: a change in between is then seen next time.
  async readChanged(isCertain: boolean): Promise<NodeRecord[] | undefined> {
    const { files } = this.#platform;
    const fingerprint = await files.fingerprint(this.#path);
    if (fingerprint === undefined) {
      this.#fingerprint = undefined;
      return undefined;
    }
    if (fingerprint === this.#fingerprint && !isCertain) return undefined;
    try {
      const nodes = await this.read();
      this.#fingerprint = fingerprint;
      return nodes;
    } catch (error) {
      // It may be half written. If it is not, it looks the same next time.
      if (fingerprint === this.#suspect && !isCertain) throw error;
      this.#suspect = fingerprint;
      return undefined;
    }
  }
}

// A file is empty while it is being written; a list without nodes is `[]`, or a comment.
function nodesIn(text: string): NodeRecord[] {
  if (text.trim() === "") throw new Error("it is empty");
  return /^\s*[[{]/.test(text) ? nodesInJson(text) : nodesInLines(text);
}

function nodesInJson(text: string): NodeRecord[] {
  const nodes = nodesFrom(parsed(text));
  if (nodes === undefined) throw new Error("it holds no list of nodes");
  return nodes;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is broken JSON");
  }
}

function nodesInLines(text: string): NodeRecord[] {
  const lines = text.split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const nodes = nodesFrom(lines) ?? [];
  if (nodes.length === 0 && lines.length > 0) {
    throw new Error("it holds no address of a server");
  }
  return nodes;
}
