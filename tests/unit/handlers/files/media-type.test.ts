import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mediaTypeOf } from '../../../../src/handlers/files/media-type.ts';

describe('the media type', () => {
  for (const [name, type] of [
    ['index.html', 'text/html; charset=utf-8'],
    ['site.css', 'text/css; charset=utf-8'],
    ['app.js', 'text/javascript; charset=utf-8'],
    ['app.mjs', 'text/javascript; charset=utf-8'],
    ['data.json', 'application/json; charset=utf-8'],
    ['app.js.map', 'application/json; charset=utf-8'],
    ['site.webmanifest', 'application/manifest+json; charset=utf-8'],
    ['notes.txt', 'text/plain; charset=utf-8'],
    ['NOTES.TXT', 'text/plain; charset=utf-8'],
    ['logo.svg', 'image/svg+xml'],
    ['photo.jpeg', 'image/jpeg'],
    ['photo.avif', 'image/avif'],
    ['font.woff2', 'font/woff2'],
    ['code.wasm', 'application/wasm'],
    ['film.mp4', 'video/mp4'],
    ['dump.tar.gz', 'application/gzip'],
    ['letter.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['README', 'application/octet-stream'],
    ['.html', 'application/octet-stream'],
    ['name.', 'application/octet-stream'],
    ['name.nobody-knows', 'application/octet-stream'],
    ['a.__proto__', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
  ] as const) {
    it(`of ${name} is ${type}`, () => assert.equal(mediaTypeOf(name), type));
  }
});
