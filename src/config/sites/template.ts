import { nearest } from '../../base/edit-distance.ts';
import { parseTemplate, VARIABLE_FAMILIES, VARIABLES } from '../../protocol/supervision/template.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { text } from '../toml/table-reader.ts';

/** A text with $variables, all of which there are. */
export function template(value: FileValue): string {
  const written = text(value);
  for (const part of parseTemplate(written)) {
    if (part.kind === 'unknown') throw new ValueProblem(whyUnknown(part.name));
  }
  return written;
}

function whyUnknown(name: string): string {
  const meant = nearest(name, VARIABLES);
  if (meant !== null) return `there is no $${name}; did you mean $${meant}?`;
  const known = [...VARIABLES, ...VARIABLE_FAMILIES.map((family) => `${family}NAME`)];
  return `there is no $${name}; there are ${known.map((each) => `$${each}`).join(', ')} and $1 to $9, the groups of the pattern`;
}
