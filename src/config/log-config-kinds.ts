import { dictionary } from './gunicorn-kinds.ts';
import { type Kind, PythonObject } from './setting.ts';

/** A dict that JSON cannot hold, since there are classes or functions in it: only the configuration file has it. */
export class DictInFile {}

/** A dict for logging.config. */
export const logConfigDict: Kind<object> = {
  ...dictionary,
  fromFile: (value) =>
    value instanceof PythonObject && value.type === 'dict' ? new DictInFile() : dictionary.fromFile?.(value),
  show: (value) => (value instanceof DictInFile ? 'a dict with Python objects' : JSON.stringify(value)),
};
