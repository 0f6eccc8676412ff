// From the path of a request to the names of folders and files. Decoded once, and strictly: whatever could mean one thing here and
// another to the file system, or to a proxy in between, is refused.

/** Names below the root, as bytes in latin-1 text, without empty ones. */
export interface FilePath {
  readonly names: readonly string[];
  /** It ended in a slash: a folder is meant. */
  readonly isFolder: boolean;
}

/** Why the path is not looked up. */
export class PathProblem {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** @param path percent-encoded: what follows the route's prefix */
export function parseFilePath(path: string): FilePath | PathProblem {
  const names: string[] = [];
  for (const segment of path.split('/')) {
    // Two slashes are as good as one, as to nginx.
    if (segment === '') continue;
    const name = decodeSegment(segment);
    if (name instanceof PathProblem) return name;
    names.push(name);
  }
  return { names, isFolder: path.endsWith('/') };
}

function decodeSegment(segment: string): string | PathProblem {
  let name = segment;
  if (segment.includes('%')) {
    if (/%(?![0-9A-Fa-f]{2})/.test(segment))
      return new PathProblem('A percent sign in the path is not followed by two hexadecimal digits');
    name = segment.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (name.includes('/')) return new PathProblem('The path holds an encoded slash');
    if (name.includes('\0')) return new PathProblem('The path holds an encoded NUL');
  }
  // Some file systems and proxies take it for a slash.
  if (name.includes('\\')) return new PathProblem('The path holds a backslash');
  if (name === '.' || name === '..') return new PathProblem('The path holds a segment of dots');
  return name;
}

/** As a path in a Location or a link: percent-encoded bytes. */
export function encodeName(name: string): string {
  return name.replace(
    /[^A-Za-z0-9\-._~!$&'()*+,;=@]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
