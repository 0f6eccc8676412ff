import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drafted } from '../migrated.ts';

/** Whether a server with these goes from its folder to an index that has a location of its own. */
function goesToIndex(directives: string): boolean {
  return drafted(`server { root /srv; ${directives} }`).lines.includes('rewrite = "/index.html"');
}

describe('an index with a location of its own', () => {
  const own = 'location = /index.html { add_header Cache-Control no-store; }';
  const rows: readonly (readonly [directives: string, goes: boolean])[] = [
    [own, true],
    [`location / { } ${own}`, true],
    [`location / { try_files $uri $uri/ /index.html; } ${own}`, true],
    [`index index.html index.htm; location / { } ${own}`, true],
    // Folders are not asked for, or not by this name.
    [`location / { try_files $uri @app; } location @app { proxy_pass http://192.0.2.1; } ${own}`, false],
    [`index index.php; location / { } ${own}`, false],
    // Nobody looks into the folder, or there need not be such a file.
    [`location / { proxy_pass http://192.0.2.1; } ${own}`, false],
    [`location = / { return 204; } ${own}`, false],
    ['location / { } location = /index.html { proxy_pass http://192.0.2.1; }', false],
  ];
  for (const [directives, goes] of rows) {
    it(`is${goes ? '' : ' not'} where the folder leads: ${directives}`, () =>
      assert.equal(goesToIndex(directives), goes));
  }
});
