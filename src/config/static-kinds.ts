import { type FileValue, type Kind, PythonObject, ValueProblem } from './setting.ts';

/** Files that are served without the application. */
export interface StaticMapping {
  /** Without a slash at its end; '' is the whole site. */
  readonly prefix: string;
  /** As it was given: relative to the working directory. */
  readonly folder: string;
}

const EXAMPLE = 'give one such as /static=./static';

/** PREFIX=FOLDER; may be given several times. */
export const staticMappings: Kind<readonly StaticMapping[]> = {
  metavar: 'PREFIX=FOLDER',
  parse(text) {
    const at = text.indexOf('=');
    if (at === -1) throw new ValueProblem(`no prefix with a folder; ${EXAMPLE}`);
    return [mapping(text.slice(0, at).trim(), text.slice(at + 1).trim())];
  },
  fromFile(value) {
    if (!isTable(value)) return undefined;
    return Object.entries(value).map(([prefix, folder]) => {
      if (typeof folder !== 'string') throw new ValueProblem(`the folder of '${prefix}' is no str`);
      return mapping(prefix.trim(), folder.trim());
    });
  },
  schema: {
    type: ['string', 'array', 'object'],
    items: { type: 'string' },
    additionalProperties: { type: 'string' },
  },
  show: (mappings) => mappings.map(({ prefix, folder }) => `${prefix || '/'}=${folder}`),
  combine: (earlier, later) => [...earlier, ...later],
};

function isTable(value: Exclude<FileValue, string>): value is { readonly [key: string]: FileValue } {
  return (
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof PythonObject)
  );
}

function mapping(prefix: string, folder: string): StaticMapping {
  if (!prefix.startsWith('/')) throw new ValueProblem(`'${prefix}' does not begin with a slash; ${EXAMPLE}`);
  if (/[?#%\\]/.test(prefix)) {
    throw new ValueProblem(`'${prefix}' is more than a path; give it decoded, and without a query`);
  }
  const names = prefix.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '.' || name === '..')) {
    throw new ValueProblem(`'${prefix}' holds '.' or '..', which no request for a file may`);
  }
  if (folder === '') throw new ValueProblem(`no folder for '${prefix}'; ${EXAMPLE}`);
  return { prefix: names.map((name) => `/${name}`).join(''), folder };
}
