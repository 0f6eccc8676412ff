// APP_MODULE: `module:attribute`, `module`, `module:factory(literals)`. Python's loader imports and evaluates it; here only its
// shape is checked, so that a slip is explained before a process is started.

import { KirinError } from '../base/errors.ts';

export interface AppSpec {
  /** Dotted; its parts may be no Python identifiers (`web_flask.0-hello_route`), for import_module takes any name. */
  readonly module: string;
  /** Dotted; `application` when none was given. */
  readonly attribute: string;
  /** The text between the parentheses of a factory call, or null when the attribute is the application itself. */
  readonly factoryArguments: string | null;
  /** As the user typed it. */
  readonly text: string;
}

const DEFAULT_ATTRIBUTE = 'application';
const DOTTED_IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u;

/** @throws {KirinError} */
export function parseAppSpec(text: string): AppSpec {
  const colon = text.indexOf(':');
  const module = (colon === -1 ? text : text.slice(0, colon)).trim();
  const object = colon === -1 ? null : text.slice(colon + 1).trim();
  checkModule(module, object, text);
  if (object === null) return { module, attribute: DEFAULT_ATTRIBUTE, factoryArguments: null, text };

  const parenthesis = object.indexOf('(');
  const attribute = (parenthesis === -1 ? object : object.slice(0, parenthesis)).trimEnd();
  if (attribute === '') throw invalid(text, 'it names nothing after the colon', `${module}:app`);
  if (!DOTTED_IDENTIFIER.test(attribute)) {
    throw invalid(text, `'${attribute}' is no Python name`, `${module}:app`);
  }
  const factoryArguments =
    parenthesis === -1 ? null : callArguments(object.slice(parenthesis), attribute, text);
  return { module, attribute, factoryArguments, text };
}

function checkModule(module: string, object: string | null, text: string): void {
  const rest = object === null || object === '' ? '' : `:${object}`;
  if (module === '') throw invalid(text, 'it names no module', `hello${rest === '' ? ':app' : rest}`);
  if (object === null && module.includes('(')) {
    const dotted = module.replace(/\.(?=[^.(]*\()/, ':');
    throw invalid(text, 'a factory follows a colon', dotted.includes(':') ? dotted : `hello:${module}`);
  }
  if (module.includes('/') || module.includes('\\') || module.endsWith('.py')) {
    const dotted = module
      .replace(/\.py$/, '')
      .split(/[/\\]/)
      .filter((part) => part !== '' && part !== '.' && part !== '..')
      .join('.');
    throw invalid(text, 'it is a path, and a module name is expected', `${dotted}${rest}`);
  }
  if (/^\.|\.\.|\.$|\s|\0/.test(module))
    throw invalid(text, `'${module}' is no module name`, 'mysite.wsgi:application');
}

/** The text within `(…)`, which must be closed, with its quotes, at the very end. */
function callArguments(call: string, attribute: string, text: string): string {
  const open: string[] = [];
  for (let position = 0; position < call.length; position++) {
    const character = call[position] as string;
    if (character === '"' || character === "'") {
      position = endOfString(call, position, text);
    } else if ('([{'.includes(character)) {
      open.push({ '(': ')', '[': ']', '{': '}' }[character] as string);
    } else if (')]}'.includes(character)) {
      if (open.pop() !== character)
        throw invalid(text, `a ${character} closes nothing`, `${attribute}('prod', debug=False)`);
      if (open.length === 0 && position < call.length - 1) {
        throw invalid(text, `nothing may follow the call, but '${call.slice(position + 1)}' does`);
      }
    }
  }
  if (open.length > 0) throw invalid(text, `a ${open.at(-1)} is missing at the end`);
  return call.slice(1, -1);
}

function endOfString(call: string, start: number, text: string): number {
  for (let position = start + 1; position < call.length; position++) {
    if (call[position] === '\\') position++;
    else if (call[position] === call[start]) return position;
  }
  throw invalid(text, `a ${call[start]} is never closed`);
}

function invalid(text: string, complaint: string, example?: string): KirinError {
  const hint = example === undefined ? null : `Did you mean '${example}'?`;
  return new KirinError('app-spec-invalid', `'${text}' is no application: ${complaint}`, hint);
}
