import { type Kind, ValueProblem } from './setting.ts';
import { listOfTexts } from './texts.ts';

/** An application of a PasteDeploy file. */
export interface PasteSpec {
  readonly file: string;
  /** The name of its section; null: main. */
  readonly app: string | null;
  /** As it was given. */
  readonly text: string;
}

/** `FILE`, `FILE#APP`; with `config:` before it, as PasteDeploy has it, too. */
export const pasteSpec: Kind<PasteSpec | null> = {
  metavar: 'FILE',
  parse(given) {
    const text = given.trim();
    const [file = '', ...app] = text.replace(/^config:/, '').split('#');
    if (text === '') return null;
    if (file === '') throw new ValueProblem('names no file; give one such as production.ini');
    return { file, app: app.join('#') || null, text };
  },
  fromFile: (value) => (value === null ? null : undefined),
  show: (spec) => spec?.text ?? '',
};

/** KEY=VALUE; may be given several times. */
export const pasteGlobals: Kind<readonly string[]> = {
  metavar: 'KEY=VALUE',
  parse(text) {
    pasteGlobal(text.trim());
    return [text.trim()];
  },
  fromFile: listOfTexts('KEY=VALUE'),
  show: (pairs) => pairs,
  combine: (earlier, later) => [...earlier, ...later],
};

/** @throws {ValueProblem} */
export function pasteGlobal(pair: string): readonly [key: string, value: string] {
  const at = /(?<!\\)=/.exec(pair)?.index;
  if (at === undefined) throw new ValueProblem('no variable with a value; give KEY=VALUE');
  const unescaped = (text: string): string => text.replaceAll('\\=', '=');
  return [unescaped(pair.slice(0, at)), unescaped(pair.slice(at + 1))];
}
