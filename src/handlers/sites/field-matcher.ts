import type { FieldBlock } from '../../protocol/http1/field-block.ts';
import type { FieldMatch } from '../../protocol/supervision/site.ts';

/** Whether a request's fields are as all of these say. null: there are none to look at. */
export function fieldMatcher(matches: readonly FieldMatch[]): ((fields: FieldBlock) => boolean) | null {
  if (matches.length === 0) return null;
  const tests = matches.map(testOf);
  return (fields) => tests.every((test) => test(fields));
}

function testOf(match: FieldMatch): (fields: FieldBlock) => boolean {
  const { name } = match;
  switch (match.kind) {
    case 'there':
      return (fields) => (fields.get(name) !== undefined) === match.isThere;
    case 'pattern': {
      const pattern = new RegExp(match.source, 'su');
      return (fields) => valuesOf(fields, name).some((value) => pattern.test(value));
    }
    case 'is': {
      const wanted = match.value.toLowerCase();
      return (fields) =>
        valuesOf(fields, name).some((value) => {
          const text = value.toLowerCase();
          return text === wanted || text.split(',').some((element) => element.trim() === wanted);
        });
    }
  }
}

/** As text. */
function valuesOf({ names, values }: FieldBlock, name: string): readonly string[] {
  return values
    .filter((_, index) => names[index] === name)
    .map((value) => Buffer.from(value, 'latin1').toString('utf8'));
}
