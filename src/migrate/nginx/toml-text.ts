// Writes TOML, and remembers where each key stands.

import type { FileDraft, TableDraft, TomlTable, TomlValue } from './draft.ts';

/** A key of a table, or of a table within it. */
export interface KeyPath {
  readonly table: TableDraft;
  readonly keys: readonly string[];
}

export interface TomlText {
  readonly text: string;
  /** By `LINE:COLUMN` of the key, from 1; of a table, of its header. */
  readonly keys: ReadonlyMap<string, KeyPath>;
}

export function tomlText(draft: FileDraft): TomlText {
  const writer = new Writer();
  writer.table('', draft.settings);
  for (const [name, table] of draft.upstreams) writer.table(`[upstreams.${keyText(name)}]`, table);
  for (const [name, table] of draft.caches) writer.table(`[caches.${keyText(name)}]`, table);
  for (const site of draft.sites) {
    writer.table('[[sites]]', site);
    for (const route of site.routes) writer.table('[[sites.routes]]', route);
  }
  return { text: `${writer.lines.join('\n')}\n`, keys: writer.keys };
}

class Writer {
  readonly lines: string[] = [];
  readonly keys = new Map<string, KeyPath>();

  table(header: string, table: TableDraft): void {
    if (header === '' && table.entries.size === 0 && table.comments.length === 0) return;
    if (this.lines.length > 0) this.lines.push('');
    for (const comment of table.comments) this.lines.push(commentLine(comment));
    if (header !== '') {
      this.lines.push(header);
      this.keys.set(`${this.lines.length}:1`, { table, keys: [] });
    }
    for (const [key, { value, comment }] of table.entries) {
      if (comment !== null) this.lines.push(commentLine(comment));
      this.#pair(table, key, value);
    }
  }

  #pair(table: TableDraft, key: string, value: TomlValue): void {
    let line = '';
    const at = this.lines.length + 1;
    const put = (name: string, item: TomlValue, keys: readonly string[]): void => {
      this.keys.set(`${at}:${line.length + 1}`, { table, keys });
      line += `${keyText(name)} = `;
      putValue(item, keys);
    };
    const putValue = (item: TomlValue, keys: readonly string[]): void => {
      if (isTable(item) && Object.keys(item).length === 0) {
        line += '{}';
      } else if (isTable(item)) {
        line += '{ ';
        for (const [index, [name, inner]] of Object.entries(item).entries()) {
          if (index > 0) line += ', ';
          put(name, inner, [...keys, name]);
        }
        line += ' }';
      } else if (Array.isArray(item)) {
        line += '[';
        for (const [index, inner] of (item as readonly TomlValue[]).entries()) {
          if (index > 0) line += ', ';
          putValue(inner, keys);
        }
        line += ']';
      } else {
        line += typeof item === 'string' ? stringText(item) : String(item);
      }
    };
    put(key, value, [key]);
    this.lines.push(line);
  }
}

export function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value);
}

function commentLine(text: string): string {
  return `# ${text.replace(/\p{Cc}/gu, ' ')}`;
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) ? key : stringText(key);
}

/** Regular expressions and paths are easier to read without doubled backslashes. */
function stringText(text: string): string {
  if (text.includes('\\') && !/['\p{Cc}]/u.test(text)) return `'${text}'`;
  const escaped = text.replace(/[\\"\p{Cc}]/gu, (character) => {
    const code = character.charCodeAt(0);
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
