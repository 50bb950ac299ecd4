/**
 * A folder in which each node keeps one file, `<id>.json`: what it tells of
 * itself, and for how long that is good (`ttlMs`). The time of the file's last
 * change is the node's heartbeat, so a crashed node is forgotten when its file
 * grows too old. All machines that share the folder must have about the same
 * time.
 *
 * A file that makes no sense is passed over: it says nothing about the others.
 */
import { ANNOUNCEMENT_TTL_MS } from "../../core/limits.ts";
import { type FilePlatform, isNodeFileName } from "../sources/node_files.ts";
import { nodeFrom, type NodeRecord, NODES_MAX } from "../node_record.ts";

/** Files that are looked at, of living and of dead nodes. */
const FOLDER_FILES_MAX = 1024;
/** What a node may ask for. */
const TTL_MAX_MS = 3_600_000;
const TTL_MIN_MS = 1000;

interface NodeFile {
  readonly fingerprint: string;
  /** Undefined when the file makes no sense. */
  readonly node: NodeRecord | undefined;
  readonly ttlMs: number;
}

export class NodeFolder {
  readonly #path: string;
  readonly #platform: FilePlatform;
  /** What was read, by the file's name. */
  #known: ReadonlyMap<string, NodeFile> = new Map();

  /** `path` ends in `/`. */
  constructor(path: string, platform: FilePlatform) {
    this.#path = path;
    this.#platform = platform;
  }

  /** The nodes that live, in the order of their ids. Rejects when there is no such folder. */
  async read(): Promise<NodeRecord[]> {
    const names = (await this.#platform.files.list(this.#path))
      .filter(isNodeFileName)
      .sort()
      .slice(0, FOLDER_FILES_MAX);
    const living: NodeRecord[] = [];
    const known = new Map<string, NodeFile>();
    for (const name of names) {
      const file = await this.#look(name);
      if (file === undefined) continue;
      known.set(name, file);
      const { node, ttlMs } = file;
      if (node !== undefined && await this.#isFresh(name, ttlMs)) {
        living.push(node);
      }
    }
    this.#known = known;
    return living.slice(0, NODES_MAX);
  }

  /** As `read`, but undefined without a folder. A node can be forgotten although no file changes. */
  async readChanged(): Promise<NodeRecord[] | undefined> {
    const folder = await this.#platform.files.fingerprint(this.#path);
    return folder === undefined ? undefined : await this.read();
  }

  /** What the file holds; undefined when it has just gone, or cannot be read. */
  async #look(name: string): Promise<NodeFile | undefined> {
    const { files } = this.#platform;
    const path = this.#path + name;
    try {
      const fingerprint = await files.fingerprint(path);
      if (fingerprint === undefined) return undefined;
      const known = this.#known.get(name);
      if (known?.fingerprint === fingerprint) return known;
      return { fingerprint, ...nodeIn(await files.readText(path)) };
    } catch {
      return undefined;
    }
  }

  async #isFresh(name: string, ttlMs: number): Promise<boolean> {
    const { clock, files } = this.#platform;
    try {
      return clock.now() - await files.modifiedAt(this.#path + name) <= ttlMs;
    } catch {
      return false;
    }
  }
}

function nodeIn(text: string): Omit<NodeFile, "fingerprint"> {
  const json = parsed(text);
  return { node: nodeFrom(json), ttlMs: ttlIn(json) };
}

/** Without a word in the file, a node may miss one announcement of the usual kind. */
function ttlIn(json: unknown): number {
  const given = typeof json === "object" && json !== null && "ttlMs" in json
    ? json.ttlMs
    : undefined;
  return typeof given === "number" && given >= TTL_MIN_MS &&
      given <= TTL_MAX_MS
    ? given
    : 2 * ANNOUNCEMENT_TTL_MS;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
