// The applications that every server runs. Their Python is in apps/.

export interface App {
  readonly name: string;
  /** Module below apps/; its WSGI callable is `app`. */
  readonly module: string;
  readonly title: string;
  /** Bytes that a request uploads; 0: a GET. */
  readonly uploadBytes: number;
  readonly expectedBody: string;
}

const UPLOAD_BYTES = 1_000_000;

export const APPS: readonly App[] = [
  { name: 'hello', module: 'hello', title: 'hello: 13 bytes', uploadBytes: 0, expectedBody: 'Hello, World!' },
  {
    name: 'flask',
    module: 'flask_app',
    title: 'Flask: 13 bytes',
    uploadBytes: 0,
    expectedBody: 'Hello, World!',
  },
  {
    name: 'django',
    module: 'django_app',
    title: 'Django: 13 bytes',
    uploadBytes: 0,
    expectedBody: 'Hello, World!',
  },
  {
    name: 'large',
    module: 'large',
    title: 'a response of 100 kB',
    uploadBytes: 0,
    expectedBody: 'x'.repeat(100_000),
  },
  {
    name: 'upload',
    module: 'upload',
    title: 'an upload of 1 MB',
    uploadBytes: UPLOAD_BYTES,
    expectedBody: String(UPLOAD_BYTES),
  },
];

/** Not put under load, but given one download and one upload of 1 GB. */
export const TRANSFER: App = {
  name: 'transfer',
  module: 'transfer',
  title: 'a transfer of 1 GB',
  uploadBytes: 0,
  expectedBody: '',
};
