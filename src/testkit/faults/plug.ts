/**
 * The platform of a node, as long as the node is plugged in: afterwards nothing
 * that it does reaches a registry any more, be it a server or a folder.
 */
import type { Fetch } from "../../platform/fetch.ts";
import type { Files } from "../../platform/files.ts";

/** What of a platform reaches other machines. */
interface Reach {
  readonly fetch: Fetch;
  readonly files: Files;
}

export function connectedWhile<P extends Reach>(
  isPlugged: () => boolean,
  platform: P,
): P {
  const { fetch, files } = platform;
  return {
    ...platform,
    fetch: fetchWhile(isPlugged, fetch),
    files: filesWhile(isPlugged, files),
  };
}

function fetchWhile(isPlugged: () => boolean, fetch: Fetch): Fetch {
  return (url, request) =>
    isPlugged() ? fetch(url, request) : Promise.reject(dead());
}

function filesWhile(isPlugged: () => boolean, files: Files): Files {
  const guarded = (act: () => Promise<void>): Promise<void> =>
    isPlugged() ? act() : Promise.reject(dead());
  return {
    readText: (path) => files.readText(path),
    replaceText: (path, text, mode) =>
      guarded(() => files.replaceText(path, text, mode)),
    remove: (path) => guarded(() => files.remove(path)),
    list: (path) => files.list(path),
    touch: (path) => guarded(() => files.touch(path)),
    fingerprint: (path) => files.fingerprint(path),
    modifiedAt: (path) => files.modifiedAt(path),
    watch: (path, onChange) => files.watch(path, onChange),
  };
}

function dead(): Error {
  return new Error("The node was killed");
}
