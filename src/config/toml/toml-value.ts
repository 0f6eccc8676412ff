import { type FileValue, ValueProblem } from '../setting.ts';
import type { TomlNode } from './toml-node.ts';

/** As the kinds of settings take it. */
export function fileValue(node: TomlNode): FileValue | ValueProblem {
  switch (node.kind) {
    case 'scalar':
      if (node.value instanceof Date) return new ValueProblem('a date; no setting takes one');
      return typeof node.value === 'bigint' ? Number(node.value) : node.value;
    case 'array': {
      const items = node.items.map(fileValue);
      return items.find((item) => item instanceof ValueProblem) ?? (items as FileValue[]);
    }
    case 'table': {
      const pairs = [...node.entries].map(([key, entry]) => [key, fileValue(entry.node)] as const);
      const problem = pairs.find(([, item]) => item instanceof ValueProblem)?.[1];
      return (problem as ValueProblem | undefined) ?? (Object.fromEntries(pairs) as FileValue);
    }
  }
}
