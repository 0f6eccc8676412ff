// RFC 9112 3: method SP request-target SP HTTP-version, with exactly one space each time. The lenient splitting at any whitespace that the
// RFC mentions is how "GET /a HTTP/1.1 /b HTTP/1.1" gets two readings.

import { isAuthority } from './authority.ts';
import { HttpError, quoted } from './errors.ts';
import type { Leniency } from './leniency.ts';

export interface RequestLine {
  readonly method: string;
  /** As received. */
  readonly target: string;
  /** Still percent-encoded; `*` for the asterisk-form. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Of an absolute-form target. */
  readonly authority: string | null;
  readonly minor: 0 | 1;
}

/** Gunicorn's rule: a token of 3 to 20 characters without lower-case letters and '#'. */
const METHOD = /^[!$%&'*+\-.^_`|~0-9A-Z]{3,20}$/;
const VERSION = /^HTTP\/\d\.\d$/;
const VERSION_SUFFIX_LENGTH = ' HTTP/1.1'.length;

/**
 * No '#': a fragment never travels. No space, no control character. Bytes from 0x80 on are not in the RFC's grammar, but browsers of old
 * and scripts of today send them, and nginx and Node take them.
 */
const TARGET_CHARACTERS = /^[!-"$-~\x80-\xff]+$/;

const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/i;

/** @param line without its CRLF, and without control characters other than HT */
export function parseRequestLine(line: string): RequestLine | HttpError {
  const minor = line.endsWith(' HTTP/1.1') ? 1 : line.endsWith(' HTTP/1.0') ? 0 : -1;
  const methodEnd = line.indexOf(' ');
  const targetEnd = line.length - VERSION_SUFFIX_LENGTH;
  if (minor === -1 || methodEnd >= targetEnd) return diagnose(line);
  const method = line.slice(0, methodEnd);
  const target = line.slice(methodEnd + 1, targetEnd);
  if (!isMethod(method) || !TARGET_CHARACTERS.test(target)) return diagnose(line);
  return requestLine(method, target, minor);
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VERSION_1 = /^HTTP\/1\.\d$/;
/** Responses to these are framed otherwise: who reads `head` as another method waits for a body that never comes. */
const FRAMING_METHOD = /^(?:head|connect)$/i;

/** The same for whoever asked for more than that; for lines that `parseRequestLine` refuses. */
export function parseRequestLineLeniently(line: string, leniency: Leniency): RequestLine | HttpError {
  const parts = line.split(' ');
  const [sent = '', target = '', version = ''] = parts;
  if (parts.length !== 3 || parts.includes('')) return diagnose(line);
  const method = methodOf(sent, leniency);
  if (method === null) return new HttpError('bad_method', quoted(sent));
  if (!VERSION.test(version)) return new HttpError('bad_version', quoted(version));
  const isKnownMinor = version === 'HTTP/1.0' || version === 'HTTP/1.1';
  if (!isKnownMinor && !(leniency.takesAnyMinor && VERSION_1.test(version))) {
    return new HttpError('unsupported_version', quoted(version));
  }
  if (!TARGET_CHARACTERS.test(target)) return new HttpError('bad_target', quoted(target));
  return requestLine(method, target, version === 'HTTP/1.0' ? 0 : 1);
}

/** Of a version that sends them apart: HTTP/2. */
export function requestLineOf(
  sent: string,
  target: string,
  leniency: Leniency | null,
): RequestLine | HttpError {
  const method = leniency === null ? (isMethod(sent) ? sent : null) : methodOf(sent, leniency);
  if (method === null) return new HttpError('bad_method', quoted(sent));
  // RFC 9113 8.3.1: an absolute form has its parts in fields of their own.
  const isPath = TARGET_CHARACTERS.test(target) && (target.startsWith('/') || target === '*');
  return isPath || method === 'CONNECT'
    ? requestLine(method, target, 1)
    : new HttpError('bad_target', quoted(target));
}

function methodOf(sent: string, { takesAnyMethod, foldsMethodCase }: Leniency): string | null {
  // Before the case is changed: outside ASCII that makes other characters of some.
  if (!TOKEN.test(sent)) return null;
  if (FRAMING_METHOD.test(sent) && sent !== sent.toUpperCase()) return null;
  const method = foldsMethodCase ? sent.toUpperCase() : sent;
  return takesAnyMethod || isMethod(method) ? method : null;
}

function requestLine(method: string, target: string, minor: 0 | 1): RequestLine | HttpError {
  // A tunnel has no meaning in front of an application, and its messages would have no end.
  if (method === 'CONNECT') return new HttpError('connect_unsupported');
  if (target.charCodeAt(0) === SLASH) return originForm(method, target, minor);
  if (target === '*') return asteriskForm(method, minor);
  return absoluteForm(method, target, minor);
}

const SLASH = 0x2f;

function isMethod(text: string): boolean {
  return text === 'GET' || text === 'POST' || METHOD.test(text);
}

function originForm(method: string, target: string, minor: 0 | 1): RequestLine | HttpError {
  const mark = target.indexOf('?');
  if (mark === -1) return checkPath({ method, target, path: target, query: '', authority: null, minor });
  const path = target.slice(0, mark);
  return checkPath({ method, target, path, query: target.slice(mark + 1), authority: null, minor });
}

/** RFC 9112 3.2.4: the asterisk-form is for OPTIONS only. */
function asteriskForm(method: string, minor: 0 | 1): RequestLine | HttpError {
  if (method !== 'OPTIONS')
    return new HttpError('bad_target', `'*' goes with OPTIONS, not with ${quoted(method)}`);
  return { method, target: '*', path: '*', query: '', authority: null, minor };
}

function absoluteForm(method: string, target: string, minor: 0 | 1): RequestLine | HttpError {
  const match = ABSOLUTE_FORM.exec(target);
  if (match === null) {
    return new HttpError('bad_target', `${quoted(target)} is neither a path nor an http or https URL`);
  }
  const [, authority = '', path = '', query = ''] = match;
  if (!isAuthority(authority)) {
    return new HttpError('bad_target', `${quoted(authority)} is not a host and an optional port`);
  }
  // RFC 9110 4.2.3: an empty path is the same as "/".
  return checkPath({ method, target, path: path || '/', query, authority, minor });
}

/** The decoded path travels to the worker between NULs, and nginx refuses it too. */
function checkPath(line: RequestLine): RequestLine | HttpError {
  if (line.path.includes('%00')) return new HttpError('nul_in_path', quoted(line.path));
  return line;
}

/** Why a line that is known to be bad is bad. */
function diagnose(line: string): HttpError {
  const parts = line.split(' ');
  const [method = '', target = '', version = ''] = parts;
  if (parts.length !== 3 || parts.includes('')) return new HttpError('bad_request_line', quoted(line));
  if (!METHOD.test(method)) return new HttpError('bad_method', quoted(method));
  if (!VERSION.test(version)) return new HttpError('bad_version', quoted(version));
  if (version !== 'HTTP/1.0' && version !== 'HTTP/1.1')
    return new HttpError('unsupported_version', quoted(version));
  return new HttpError('bad_target', quoted(target));
}
