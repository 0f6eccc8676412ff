import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HTTP_ERRORS,
  HttpError,
  type HttpErrorCode,
  quoted,
  REASON_PHRASES,
} from '../../../../src/protocol/http1/errors.ts';

test('every error has a reason phrase and a message', () => {
  for (const code of Object.keys(HTTP_ERRORS) as HttpErrorCode[]) {
    const { status, message } = new HttpError(code);
    assert.ok(status >= 400 && status <= 599, code);
    assert.ok(REASON_PHRASES[status], code);
    assert.match(message, /^[A-Z][ -~]+[^.]$/, code);
  }
});

test('a detail follows the message', () => {
  assert.equal(new HttpError('missing_host', 'here').message, 'An HTTP/1.1 request needs a Host field: here');
});

test('quoted leaves nothing that acts on a terminal or in a page', () => {
  assert.equal(
    quoted('a\x1b[1m\r\n<b>&"\'\\\xff'),
    "'a\\x1b[1m\\x0d\\x0a\\x3cb\\x3e\\x26\\x22\\x27\\x5c\\xff'",
  );
});

test('quoted is short', () => {
  assert.equal(quoted('x'.repeat(48)), `'${'x'.repeat(48)}'`);
  assert.equal(quoted('x'.repeat(49)), `'${'x'.repeat(48)}'...`);
});
