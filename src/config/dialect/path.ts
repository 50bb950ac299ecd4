/**
 * Paths of included files, without a platform's path module: a file is looked
 * for beside the file that includes it. Windows' separators are understood.
 */

/** `path` as seen from the folder of `file`, without `.` and `..` where possible. */
export function pathBeside(file: string, path: string): string {
  if (isAbsolute(path)) return normalize(path);
  const folder = /^.*[\\/]/s.exec(file)?.[0] ?? "";
  return normalize(folder + path);
}

function isAbsolute(path: string): boolean {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path);
}

function normalize(path: string): string {
  const root = /^(?:[A-Za-z]:)?[\\/]*/.exec(path)?.[0] ?? "";
  const separator = path.includes("/") ? "/" : "\\";
  const parts: string[] = [];
  for (const part of path.slice(root.length).split(/[\\/]+/)) {
    if (part === "" || part === ".") continue;
    const isUp = part === ".." && parts.length > 0 && parts.at(-1) !== "..";
    if (isUp) parts.pop();
    else parts.push(part);
  }
  return root + parts.join(separator);
}
