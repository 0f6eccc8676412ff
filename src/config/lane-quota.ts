import { type Kind, ValueProblem } from './setting.ts';

/** Lanes that the requests for a path may have, or have for themselves. */
export interface LaneQuota {
  /** null: every method. */
  readonly method: string | null;
  /** As the application sees it, decoded; `*` stands for any characters. */
  readonly path: string;
  readonly lanes: number;
}

const EXAMPLE = "give one such as '/reports/*=2' or 'POST /upload=1'";
/** More processes and threads than any machine runs. */
const MAX_LANES = 1_000_000;
// RFC 9110 5.6.2.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const WELL_KNOWN_METHODS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
]);

/** `[METHOD ]PATH=N`; may be given several times. */
export const laneQuotas: Kind<readonly LaneQuota[]> = {
  metavar: '[METHOD ]PATH=N',
  parse: (text) => [parseQuota(text.trim())],
  show: (quotas) => quotas.map((quota) => `${requestsText(quota)}=${quota.lanes}`),
  combine: (earlier, later) => [...earlier, ...later],
};

/** Whom it is for, as it is written. */
export function requestsText({ method, path }: LaneQuota): string {
  return method === null ? path : `${method} ${path}`;
}

function parseQuota(text: string): LaneQuota {
  const at = text.lastIndexOf('=');
  if (at === -1) throw new ValueProblem(`no number of lanes; ${EXAMPLE}`);
  const [first = '', second, ...more] = text.slice(0, at).trim().split(/\s+/);
  if (more.length > 0) throw new ValueProblem(`more than a method and a path; ${EXAMPLE}`);
  return {
    method: second === undefined ? null : checkedMethod(first),
    path: checkedPath(second ?? first),
    lanes: parseLanes(text.slice(at + 1).trim()),
  };
}

function checkedMethod(method: string): string {
  if (method === '*') throw new ValueProblem('every method is meant by giving none');
  if (!TOKEN.test(method)) throw new ValueProblem(`'${method}' is no method; ${EXAMPLE}`);
  const upperCase = method.toUpperCase();
  // Methods are case-sensitive: such a rule would never be for any request.
  if (method !== upperCase && WELL_KNOWN_METHODS.has(upperCase)) {
    throw new ValueProblem(`'${method}' is no method; did you mean ${upperCase}?`);
  }
  return method;
}

function checkedPath(path: string): string {
  if (!/^[/*]/.test(path)) {
    throw new ValueProblem(
      path === '' ? `no path; ${EXAMPLE}` : `'${path}' is no path; did you mean '/${path}'?`,
    );
  }
  if (/[?#]/.test(path)) {
    const bare = path.split(/[?#]/, 1)[0];
    throw new ValueProblem(`'${path}' is more than a path, and rules are about paths alone; give '${bare}'`);
  }
  return path;
}

function parseLanes(text: string): number {
  if (!/^\d+$/.test(text)) throw new ValueProblem(`'${text}' is no number of lanes; ${EXAMPLE}`);
  const lanes = Number(text);
  if (lanes < 1) throw new ValueProblem('the number of lanes must be 1 or more', 'meaning');
  if (lanes > MAX_LANES)
    throw new ValueProblem(`the number of lanes must be ${MAX_LANES} or less`, 'meaning');
  return lanes;
}
