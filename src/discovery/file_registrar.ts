/**
 * Announces nodes in a folder that others read (`node_folder.ts`): each keeps a
 * file there, touches it while it lives and removes it when it goes.
 */
import type { Timer } from "../core/clock.ts";
import {
  DiscoveryError,
  type RegisterOptions,
  type Registrar,
  type Registration,
} from "./discovery.ts";
import type { FilePlatform } from "./file_bell.ts";
import { fileUrl } from "./file_list.ts";
import { nodeFileName } from "./node_folder.ts";
import { type NodeRecord, nodeToJson } from "./node_record.ts";
import { untilAborted } from "./until_aborted.ts";

/** A node may miss two announcements before it is forgotten. */
const ANNOUNCEMENTS_PER_TTL = 3;
/** Others may read what is announced, and nobody else may write it. */
const FILE_MODE = 0o644;

/** Announces in the folder at `path`, which ends in `/` and exists. */
export function fileRegistrar(
  { path }: { readonly path: string },
  platform: FilePlatform,
): Registrar {
  const name = fileUrl(path);
  return {
    name,
    async register(node, options): Promise<Registration> {
      options.signal.throwIfAborted();
      const fileName = nodeFileName(node.id);
      if (fileName === undefined) {
        throw new DiscoveryError(
          `Cannot announce at "${name}": the server's id is no name for a file`,
        );
      }
      const announcement = new Announcement(
        path + fileName,
        name,
        platform,
        options,
      );
      try {
        await untilAborted(announcement.update(node), options.signal);
      } catch (error) {
        await announcement.close();
        throw error;
      }
      return announcement;
    },
  };
}

class Announcement implements Registration {
  readonly #path: string;
  readonly #name: string;
  readonly #platform: FilePlatform;
  readonly #options: RegisterOptions;
  #text = "";
  /** What stands in the file, as far as is known. */
  #written: string | undefined;
  #isClosed = false;
  #timer: Timer | undefined;
  /** One thing at a time happens to the file. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    path: string,
    name: string,
    platform: FilePlatform,
    options: RegisterOptions,
  ) {
    this.#path = path;
    this.#name = name;
    this.#platform = platform;
    this.#options = options;
  }

  update(node: NodeRecord): Promise<void> {
    if (this.#isClosed) {
      return Promise.reject(this.#failure("the node was withdrawn"));
    }
    const { ttlMs } = this.#options;
    this.#text = `${JSON.stringify({ ...nodeToJson(node), ttlMs })}\n`;
    return this.#next(() => this.#write());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    // Where the folder is out of reach, the file's age tells that the node is gone.
    await this.#next(() => this.#platform.files.remove(this.#path))
      .catch(() => {});
  }

  #next(run: () => Promise<void>): Promise<void> {
    const done = this.#work.then(run);
    this.#work = done.catch(() => {});
    return done;
  }

  async #write(): Promise<void> {
    if (this.#isClosed) return;
    this.#renewLater();
    const text = this.#text;
    try {
      await this.#platform.files.replaceText(this.#path, text, FILE_MODE);
      this.#written = text;
    } catch (cause) {
      throw this.#failure(messageOf(cause), cause);
    }
  }

  /** A file that somebody has removed, or that could not be written, is written anew. */
  async #renew(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#written !== this.#text) return await this.#write();
    this.#renewLater();
    try {
      await this.#platform.files.touch(this.#path);
    } catch {
      await this.#write();
    }
  }

  #renewLater(): void {
    this.#timer?.cancel();
    const delayMs = this.#options.ttlMs / ANNOUNCEMENTS_PER_TTL;
    this.#timer = this.#platform.clock.after(delayMs, () => {
      this.#next(() => this.#renew()).catch((error: unknown) => {
        if (!this.#isClosed) this.#options.onError(this.#asFailure(error));
      });
    });
  }

  #asFailure(error: unknown): DiscoveryError {
    return error instanceof DiscoveryError
      ? error
      : this.#failure(messageOf(error), error);
  }

  #failure(why: string, cause?: unknown): DiscoveryError {
    return new DiscoveryError(`Cannot announce at "${this.#name}": ${why}`, {
      cause,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
