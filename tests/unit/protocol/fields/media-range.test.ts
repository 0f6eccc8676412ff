import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mediaTypeMatcher, mediaTypeOf } from '../../../../src/protocol/fields/media-range.ts';

it('a media type is matched by its name, by stars, and without its parameters', () => {
  const matches = mediaTypeMatcher(['text/*', 'application/json', 'application/*+xml']);
  for (const type of ['text/html', 'application/json', 'application/atom+xml'])
    assert.ok(matches(type), type);
  for (const type of ['', 'text', 'application/xml', 'image/png', 'x/text/html', 'application/jsonx']) {
    assert.ok(!matches(type), type);
  }
  assert.ok(mediaTypeMatcher(['*'])('image/png'));
  assert.ok(!mediaTypeMatcher([])('text/html'));
  assert.equal(mediaTypeOf('Text/HTML; charset=utf-8'), 'text/html');
  assert.equal(mediaTypeOf(' text/css'), 'text/css');
});
