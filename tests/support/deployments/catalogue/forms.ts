// Bodies as browsers send them.

const BOUNDARY = 'boundary';

export const FORM = ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 28'];
export const FORM_BODY = 'name=caf%C3%A9&count=3&ok=ye';

const PARTS = [
  `--${BOUNDARY}`,
  'Content-Disposition: form-data; name="note"',
  '',
  'a note',
  `--${BOUNDARY}`,
  'Content-Disposition: form-data; name="file"; filename="a b.txt"',
  'Content-Type: text/plain',
  '',
  'the content',
  `--${BOUNDARY}--`,
  '',
];

export const UPLOAD_BODY = PARTS.join('\r\n');
export const UPLOAD = [
  `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
  `Content-Length: ${UPLOAD_BODY.length}`,
];

/** What nginx adds for an application behind it. */
export const BEHIND_NGINX = [
  'Host: shop.example',
  'X-Forwarded-For: 203.0.113.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.example',
  'X-Real-IP: 203.0.113.7',
  'Connection: close',
];
