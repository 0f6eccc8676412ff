import { type FileValue, ValueProblem, type ValueSchema } from './setting.ts';

/** A list of texts, or one text that the kind splits. */
export const STRINGS: ValueSchema = { type: ['string', 'array'], items: { type: 'string' } };

/** For kinds that are a list of texts: reads one of a configuration file. */
export function listOfTexts(
  what: string,
): (value: Exclude<FileValue, string>) => readonly string[] | undefined {
  return (value) => {
    if (value === null) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw new ValueProblem(`not a list of ${what}; give a list of strings`);
    }
    return value;
  };
}
