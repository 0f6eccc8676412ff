// `error_pages` of a site or a route.

import type { ErrorPageSpec, ErrorPagesSpec } from '../../protocol/supervision/site.ts';
import { type FileValue, ValueProblem } from '../setting.ts';
import { text } from '../toml/table-reader.ts';
import { insideTarget } from './inside.ts';
import { STRING } from './schemas.ts';
import { template } from './template.ts';
import { truth } from './values.ts';

const REDIRECTS = [301, 302, 303, 307, 308];

const PAGE = {
  anyOf: [
    { ...STRING, pattern: '^(@|/|https?://)' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['to'],
      properties: {
        to: STRING,
        status: { anyOf: [{ type: 'integer', minimum: 200, maximum: 599 }, { enum: ['kept', 'own'] }] },
      },
    },
  ],
};

export const ERROR_PAGES_SCHEMA = {
  description: 'Pages in the place of errors, by their status: 404, "502,503", "500-504", "5xx".',
  type: 'object',
  additionalProperties: false,
  properties: {
    intercept: {
      type: 'boolean',
      description: 'Whether also what an application or an upstream says is replaced.',
    },
  },
  patternProperties: { '^[3-5][0-9x][0-9x]([-,] ?[3-5][0-9x][0-9x])*$': PAGE },
};

export function errorPages(value: FileValue): ErrorPagesSpec | null {
  // `false` takes a site's pages from a route.
  if (value === false) return null;
  if (!isTable(value)) throw new ValueProblem('not a table such as { 404 = "/404.html" }');
  const { intercept, ...pages } = value;
  return {
    intercept: intercept === undefined ? false : truth(intercept),
    // What is for one status is stronger than what is for many.
    pages: Object.entries(pages)
      .flatMap(([statuses, page]) => pagesFor(statuses, page))
      .toSorted((a, b) => a.to - a.from - (b.to - b.from)),
  };
}

function pagesFor(statuses: string, value: FileValue): readonly ErrorPageSpec[] {
  const { target, status } = pageOf(value);
  return statuses.split(',').map((part) => ({ ...range(part.trim()), target, status }));
}

/** `404`, `5xx`, `500-504`. */
function range(written: string): Pick<ErrorPageSpec, 'from' | 'to'> {
  if (/^[3-5]xx$/.test(written)) {
    const first = Number(written[0]) * 100;
    return { from: first, to: first + 99 };
  }
  const [, from, to = from] = /^([3-5]\d\d)(?:-([3-5]\d\d))?$/.exec(written) ?? [];
  if (from === undefined || Number(from) > Number(to)) {
    throw new ValueProblem(`'${written}' is no status from 300 to 599, nor a range such as 5xx or 500-504`);
  }
  return { from: Number(from), to: Number(to) };
}

function pageOf(value: FileValue): Pick<ErrorPageSpec, 'target' | 'status'> {
  if (!isTable(value)) return page(text(value), undefined);
  const { to, status, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ValueProblem(`${other} is none of to and status`);
  if (to === undefined) throw new ValueProblem('where to? give to = "/404.html"');
  return page(text(to), status);
}

function page(to: string, status: FileValue | undefined): Pick<ErrorPageSpec, 'target' | 'status'> {
  const inside = insideTarget(to);
  if (inside !== null) {
    const usual = inside.startsWith('@') ? 'own' : 'kept';
    return { target: inside, status: status === undefined ? usual : statusOf(status) };
  }
  if (!/^https?:\/\/./.test(to)) throw new ValueProblem(`'${to}' is no path, no @NAME of a route and no URL`);
  template(to);
  if (status !== undefined && !REDIRECTS.includes(status as number)) {
    throw new ValueProblem(`with a URL, status is one of ${REDIRECTS.join(', ')}`);
  }
  return { target: to as ErrorPageSpec['target'], status: (status as number | undefined) ?? 302 };
}

function statusOf(value: FileValue): ErrorPageSpec['status'] {
  if (value === 'kept' || value === 'own') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599) return value;
  throw new ValueProblem(
    'status is a number from 200 to 599, "kept" (the error\'s) or "own" (what the page says)',
  );
}

function isTable(value: FileValue): value is Readonly<Record<string, FileValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
