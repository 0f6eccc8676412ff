import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder, removeFolder } from './temporary-folder.ts';

/** An application that answers `answer`. */
export function answering(answer: string): string {
  return [
    'def app(environ, start_response):',
    "    start_response('200 OK', [('Content-Type', 'text/plain')])",
    `    return [${JSON.stringify(answer)}.encode()]`,
    '',
  ].join('\n');
}

/** A folder with an application that the test changes. */
export class AppFolder {
  readonly path = makeTemporaryFolder();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** As editors do: nobody sees half of it. */
  write(name: string, text: string): void {
    const aside = join(this.path, `${name}.new`);
    writeFileSync(aside, text);
    renameSync(aside, join(this.path, name));
  }

  /** In a folder within it. */
  writeIn(inner: string, name: string, text: string): void {
    mkdirSync(join(this.path, inner), { recursive: true });
    this.write(join(inner, name), text);
  }

  remove(): void {
    removeFolder(this.path);
  }
}
