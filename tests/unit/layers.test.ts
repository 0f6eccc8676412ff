import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../support/project.ts';

// "Who may import whom" of docs/architecture.md: what each folder of src may know besides itself.
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  config: ['base', 'protocol'],
  observe: ['base'],
  tls: ['base', 'protocol'],
  dispatcher: ['base', 'protocol', 'config', 'observe'],
  upstreams: ['base', 'protocol', 'observe'],
  handlers: ['base', 'protocol', 'config', 'observe', 'tls', 'dispatcher', 'upstreams'],
  edge: ['base', 'protocol', 'config', 'observe', 'tls', 'dispatcher', 'upstreams', 'handlers'],
  acme: ['base', 'protocol', 'tls'],
  arbiter: ['base', 'protocol', 'config', 'observe', 'tls'],
  migrate: ['base', 'protocol', 'config'],
  cli: ['base', 'protocol', 'config', 'observe', 'tls', 'arbiter', 'migrate'],
};

/** Modules of Node that do I/O, tell the time or touch the process. */
const IMPURE = /^node:(?!buffer$|util$|assert)/;

const src = join(projectRoot, 'src');

interface SourceFile {
  /** Relative to src. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(src, path), 'utf8');
    const imports = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)';|\bimport\('([^']+)'\)/gm)];
    return {
      path,
      folder: path.split(sep)[0] ?? '',
      text,
      imports: imports.map((match) => match[1] ?? match[2] ?? ''),
    };
  });

/** The folder of src that an import leads to, or null for a package. */
function folderOf(file: SourceFile, target: string): string | null {
  if (!target.startsWith('.')) return null;
  return relative(src, join(dirname(join(src, file.path)), target)).split(sep)[0] ?? null;
}

const allOf = (test: (file: SourceFile) => readonly string[]) =>
  files.flatMap((file) => test(file).map((what) => `${file.path}: ${what}`));

describe('the layers', () => {
  it('are all there, and all known', () => {
    assert.ok(files.length > 50);
    assert.deepEqual([...new Set(files.map(({ folder }) => folder))].sort(), Object.keys(MAY_IMPORT).sort());
  });

  it('import only what lies below them', () => {
    const wrong = allOf((file) =>
      file.imports.filter((target) => {
        const folder = folderOf(file, target);
        return folder !== null && folder !== file.folder && !MAY_IMPORT[file.folder]?.includes(folder);
      }),
    );
    assert.deepEqual(wrong, []);
  });

  it('import files by their names', () => {
    const wrong = allOf(({ imports }) =>
      imports.filter((target) => target.startsWith('.') && !target.endsWith('.ts')),
    );
    assert.deepEqual(wrong, []);
  });

  it('of the protocol do no I/O, and have no clock and no process', () => {
    const wrong = allOf((file) => {
      if (file.folder !== 'protocol') return [];
      const used =
        file.text.match(/\b(?:Date\.now|new Date\(|performance\.|process\.|setTimeout|setImmediate)/g) ?? [];
      return [...file.imports.filter((target) => IMPURE.test(target)), ...used];
    });
    assert.deepEqual(wrong, []);
  });

  it('leave the command line, signals and the end of the process to the mains and to cli', () => {
    // The arbiter's main has its ears in files of their own: for signals, and for the Kirin that has started it.
    const ears = [join('arbiter', 'signal-inbox.ts'), join('arbiter', 'predecessor.ts')];
    const mains = [join('edge', 'main.ts'), join('acme', 'main.ts'), join('arbiter', 'run.ts'), ...ears];
    const isMain = ({ path, folder }: SourceFile) => folder === 'cli' || mains.includes(path);
    const wrong = allOf((file) => {
      if (isMain(file)) return [];
      return file.text.match(/\bprocess\.(?:argv|exit|on)\b/g) ?? [];
    });
    assert.deepEqual(wrong, []);
  });
});
