import { basename } from 'node:path';

export type Program = 'kirin' | 'gunicorn';

/** The release whose command line, settings and output Kirin has as its own. */
export const GUNICORN_VERSION = '27.0.1';

/** By the name that it is called by: a link named gunicorn stands in for Gunicorn, and is looked at by what looks at that. */
export function programFrom(scriptPath: string | undefined): Program {
  return basename(scriptPath ?? '') === 'gunicorn' ? 'gunicorn' : 'kirin';
}

export function versionLine(program: Program, version: string, node: string): string {
  if (program === 'kirin') return `kirin ${version} (node ${node})\n`;
  return `gunicorn (version ${GUNICORN_VERSION}) [kirin ${version}, node ${node}]\n`;
}
