/**
 * The files in which nodes are written down: how they are called, in a folder
 * and in the log, and what reading and writing them needs of the machine.
 */
import { loggedUrl } from "../../core/redact.ts";
import type { DiscoveryPlatform } from "../platform.ts";

export type FilePlatform = Pick<DiscoveryPlatform, "clock" | "files">;

/** Server ids are of this form; anything else could be a path to another folder. */
const NODE_FILE_NAME = /^[A-Za-z0-9_-]{1,64}\.json$/;

/** The URL that names a path. */
export function fileUrl(path: string): string {
  return loggedUrl(`file://${path}`);
}

/** The name of the file of the node with this id; undefined when the id cannot be one. */
export function nodeFileName(id: string): string | undefined {
  const name = `${id}.json`;
  return isNodeFileName(name) ? name : undefined;
}

export function isNodeFileName(name: string): boolean {
  return NODE_FILE_NAME.test(name);
}
