import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findApp } from '../../../src/cli/find-app.ts';

function specIn(files: Record<string, string>): string | null {
  const names = new Set(Object.keys(files).map((path) => path.split('/')[0] as string));
  return findApp({ list: () => [...names], read: (path) => files[path] ?? null })?.spec ?? null;
}

test('a Django project is found by its manage.py and run by its wsgi.py', () => {
  const manage = "    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n";
  assert.equal(
    specIn({ 'manage.py': manage, 'mysite/wsgi.py': '', 'app.py': 'app = Flask(__name__)' }),
    'mysite.wsgi',
  );
  const nested = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")';
  assert.equal(specIn({ 'manage.py': nested, 'config/wsgi.py': '' }), 'config.wsgi');
});

test('the names that files give their application are found', () => {
  const cases: [Record<string, string>, string][] = [
    [{ 'wsgi.py': 'from x import create\napplication = create()\n' }, 'wsgi'],
    [{ 'app.py': 'from flask import Flask\n\napp = Flask(__name__)\n' }, 'app:app'],
    [{ 'main.py': 'import flask\nserver: flask.Flask = flask.Flask("x")\n' }, 'main:server'],
    [{ 'hello.py': 'def app(environ, start_response):\n    return []\n' }, 'hello:app'],
    [{ 'application.py': 'def application(environ, start_response):\n    return []\n' }, 'application'],
    [
      { 'app.py': 'def create_app(config=None):\n    app = Flask(__name__)\n    return app\n' },
      'app:create_app()',
    ],
    [{ 'main.py': 'app = bottle.default_app()\n' }, 'main:app'],
    [{ 'main.py': 'api = falcon.App()\n' }, 'main:api'],
    [{ 'shop/wsgi.py': 'application = get_wsgi_application()\n' }, 'shop.wsgi'],
    [{ 'shop/__init__.py': 'def create_app():\n    pass\n' }, 'shop:create_app()'],
    [{ 'app.py': 'x = 1\n', 'main.py': 'app = object()\n' }, 'main:app'],
    [{ 'wsgi.py': 'from shop import app\n' }, 'wsgi:app'],
    [{ 'shop.py': 'app = Flask(__name__)\n' }, 'shop:app'],
    [{ 'a.py': 'app = Flask(__name__)\n', 'main.py': 'app = Flask(__name__)\n' }, 'main:app'],
    [{ 'wsgi.py': 'from shop import app as application\n' }, 'wsgi'],
  ];
  for (const [files, spec] of cases) assert.equal(specIn(files), spec, JSON.stringify(files));
});

test('what is not at the left margin, is compared, or is no WSGI application is not taken for one', () => {
  for (const source of [
    '    app = Flask(__name__)\n',
    'app == 1\n',
    'happy = 1\n',
    '# app = Flask(__name__)\n',
    'from fastapi import FastAPI\napp = FastAPI()\n',
    'async def app(scope, receive, send):\n    pass\n',
  ]) {
    assert.equal(specIn({ 'app.py': source }), null, source);
  }
  assert.equal(specIn({}), null);
  assert.equal(specIn({ 'conftest.py': 'app = Flask(__name__)\n', 'test_a.py': 'app = 1\n' }), null);
});
