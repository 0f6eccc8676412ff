import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KirinError } from '../../../src/base/errors.ts';
import { parseAppSpec } from '../../../src/config/app-spec.ts';

test('module, attribute and arguments are told apart', () => {
  const cases: [string, string, string, string | null][] = [
    ['hello:app', 'hello', 'app', null],
    ['mysite.wsgi', 'mysite.wsgi', 'application', null],
    ['web_flask.0-hello_route:app', 'web_flask.0-hello_route', 'app', null],
    ['pkg:site.app', 'pkg', 'site.app', null],
    ['hello:create_app()', 'hello', 'create_app', ''],
    ["hello:create_app('prod', debug=False)", 'hello', 'create_app', "'prod', debug=False"],
    ["hello:create_app({'a': [1, (2)]}, ')')", 'hello', 'create_app', "{'a': [1, (2)]}, ')'"],
    ["hello:make('it\\'s')", 'hello', 'make', "'it\\'s'"],
    ['hello:größe', 'hello', 'größe', null],
  ];
  for (const [text, module, attribute, factoryArguments] of cases) {
    assert.deepEqual(parseAppSpec(text), { module, attribute, factoryArguments, text }, text);
  }
});

test('a slip is explained, with what was probably meant', () => {
  const cases: [string, RegExp, string | null][] = [
    ['app.py', /is a path/, "Did you mean 'app'?"],
    ['./src/app.py:app', /is a path/, "Did you mean 'src.app:app'?"],
    ['mysite/wsgi.py', /is a path/, "Did you mean 'mysite.wsgi'?"],
    ['hello:', /names nothing after the colon/, "Did you mean 'hello:app'?"],
    [':app', /names no module/, "Did you mean 'hello:app'?"],
    ['', /names no module/, "Did you mean 'hello:app'?"],
    ['hello.create_app()', /a factory follows a colon/, "Did you mean 'hello:create_app()'?"],
    ['create_app()', /a factory follows a colon/, "Did you mean 'hello:create_app()'?"],
    ['hello:my-app', /'my-app' is no Python name/, "Did you mean 'hello:app'?"],
    ['a..b:app', /'a\.\.b' is no module name/, "Did you mean 'mysite.wsgi:application'?"],
    ['hello:app(', /a \) is missing/, null],
    ["hello:app('x)", /a ' is never closed/, null],
    ['hello:app()()', /nothing may follow the call, but '\(\)' does/, null],
    ['hello:app(])', /a \] closes nothing/, null],
  ];
  for (const [text, message, hint] of cases) {
    assert.throws(
      () => parseAppSpec(text),
      (error: unknown) => {
        assert.ok(error instanceof KirinError);
        assert.equal(error.exitCode, 1);
        assert.match(error.message, message, text);
        if (hint !== null) assert.equal(error.hint, hint, text);
        return true;
      },
      text,
    );
  }
});
