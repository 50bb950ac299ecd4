/**
 * Announces nodes in a folder that others read (`node_folder.ts`): each keeps a
 * file there, touches it while it lives and removes it when it goes.
 */
import type { Random } from "../../platform/clock.ts";
import { DiscoveryError } from "../discovery.ts";
import type { Registrar, Registration } from "../registrar.ts";
import {
  type FilePlatform,
  fileUrl,
  nodeFileName,
} from "../sources/node_files.ts";
import { keepAnnounced, type NodeEntry } from "./kept_announcement.ts";
import { type NodeRecord, nodeToJson } from "../node_record.ts";
import type { Files } from "../../platform/files.ts";

/** Others may read what is announced, and nobody else may write it. */
const FILE_MODE = 0o644;

/** Announces in the folder at `path`, which ends in `/` and exists. */
export function fileRegistrar(
  { path }: { readonly path: string },
  platform: FilePlatform & { readonly random: Random },
): Registrar {
  const name = fileUrl(path);
  return {
    name,
    register(node, options): Promise<Registration> {
      const fileName = nodeFileName(node.id);
      if (fileName === undefined) {
        const why = "the server's id is no name for a file";
        return Promise.reject(cannotAnnounce(name, why));
      }
      const entry = new FileEntry(
        path + fileName,
        name,
        platform.files,
        options.ttlMs,
      );
      return keepAnnounced(entry, node, options, platform);
    },
  };
}

class FileEntry implements NodeEntry {
  readonly name: string;
  readonly #path: string;
  readonly #files: Files;
  readonly #ttlMs: number;
  /** A write that nobody waits for any more must not outlast the withdrawal. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(path: string, name: string, files: Files, ttlMs: number) {
    this.name = name;
    this.#path = path;
    this.#files = files;
    this.#ttlMs = ttlMs;
  }

  announce(node: NodeRecord): Promise<void> {
    const fields = { ...nodeToJson(node), ttlMs: this.#ttlMs };
    const text = `${JSON.stringify(fields)}\n`;
    return this.#next(async () => {
      try {
        await this.#files.replaceText(this.#path, text, FILE_MODE);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw cannotAnnounce(this.name, why, cause);
      }
    });
  }

  /** A file that cannot be touched, because it was removed, is written anew. */
  renew(): Promise<boolean> {
    const touched = this.#next(() => this.#files.touch(this.#path));
    return touched.then(() => true, () => false);
  }

  withdraw(): Promise<void> {
    return this.#next(() => this.#files.remove(this.#path));
  }

  #next<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#work.then(run);
    this.#work = done.catch(() => {});
    return done;
  }
}

function cannotAnnounce(
  name: string,
  why: string,
  cause?: unknown,
): DiscoveryError {
  return new DiscoveryError(`Cannot announce at "${name}": ${why}`, { cause });
}
