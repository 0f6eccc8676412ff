// Every failure that a client can be told of: a stable code, the status to answer, and what it means.
// The parser's findings travel as values in events and are never thrown, so there is no stack to pay for.

export const HTTP_ERRORS = {
  // What comes before the first request of a connection.
  bad_proxy_header: [400, "The PROXY protocol's header is not valid"],
  proxy_header_forbidden: [403, 'This peer may not speak the PROXY protocol'],

  plain_http: [400, 'Plain HTTP was sent to a port that speaks HTTPS'],
  no_http2_preface: [400, 'HTTP/2 is expected here of a trusted proxy, and something else was sent'],

  // The request line.
  tls_handshake: [400, 'A TLS handshake was sent to a plain HTTP port'],
  empty_lines: [400, 'More than one empty line came before the request line'],
  bad_request_line: [400, 'The request line is not METHOD SP TARGET SP VERSION'],
  bad_method: [400, 'The method is not 3 to 20 upper-case token characters'],
  bad_target: [400, 'The request target is not valid'],
  nul_in_path: [400, 'The path holds an encoded NUL'],
  bad_version: [400, 'The protocol version is not HTTP/1.0 or HTTP/1.1'],
  unsupported_version: [505, 'This protocol version is not spoken here'],
  connect_unsupported: [501, 'CONNECT is not supported'],
  request_line_too_long: [414, 'The request line is too long'],

  // Any line.
  bare_cr: [400, 'A CR is not followed by LF'],
  bare_lf: [400, 'A LF does not follow a CR'],
  control_character: [400, 'A control character is not allowed here'],

  // Field lines.
  obsolete_folding: [400, 'A field line begins with whitespace'],
  field_without_colon: [400, 'A field line has no colon'],
  space_before_colon: [400, 'There is whitespace between a field name and its colon'],
  bad_field_name: [400, 'A field name is not a token'],
  too_many_fields: [431, 'There are too many fields'],
  field_too_large: [431, 'A field line is too long'],

  // What the fields say together.
  missing_host: [400, 'An HTTP/1.1 request needs a Host field'],
  duplicate_host: [400, 'There is more than one Host field'],
  bad_host: [400, 'The Host field is not a host and an optional port'],
  duplicate_content_type: [400, 'There is more than one Content-Type field'],
  duplicate_content_length: [400, 'There is more than one Content-Length'],
  bad_content_length: [400, 'The Content-Length is not a plain decimal number'],
  conflicting_framing: [400, 'Content-Length and Transfer-Encoding exclude each other'],
  bad_transfer_encoding: [400, 'The Transfer-Encoding is not exactly one "chunked"'],
  transfer_encoding_in_1_0: [400, 'HTTP/1.0 has no Transfer-Encoding'],
  unsupported_transfer_encoding: [501, 'The only transfer coding understood is chunked'],
  unknown_expectation: [417, 'The only expectation understood is 100-continue'],
  body_too_large: [413, 'The body is too large'],

  // HTTP/2.
  missing_authority: [400, 'The request has neither :authority nor Host'],
  conflicting_authority: [400, 'Host is not the same as :authority'],
  bad_pseudo_field: [400, 'A pseudo-header field is unknown, repeated, or behind another field'],
  missing_pseudo_field: [400, 'A pseudo-header field is missing'],
  head_too_large: [431, 'The head is too large'],
  connection_field: [400, 'HTTP/2 has no fields that are about the connection'],
  bad_field_value: [400, 'A field value holds a character that is not allowed'],
  too_many_wasted: [429, 'Too many requests were given up, or could not be read, within seconds'],
  body_length_differs: [400, 'The body is not as long as the Content-Length says'],

  // The chunked body.
  bad_chunk_size: [400, 'A chunk size is not 1 to 12 hexadecimal digits'],
  bad_chunk_extension: [400, 'A chunk extension is not valid'],
  chunk_extensions_too_large: [413, 'The chunk extensions are too large'],
  missing_chunk_end: [400, 'The data of a chunk is not followed by CRLF'],
  forbidden_trailer: [400, 'This field may not be sent as a trailer'],

  // What another server has answered.
  bad_status_line: [502, 'The status line is not VERSION SP STATUS SP REASON'],
  response_head_too_large: [502, 'The head of the response is too large'],
  too_many_interim_responses: [502, 'There are too many interim responses'],
  response_broken_off: [502, 'The connection was closed before the response was complete'],

  // For those who answer on behalf of the rest of the server.
  bad_request: [400, 'The request is not valid'],
  forbidden: [403, 'This is not allowed'],
  not_found: [404, 'There is nothing here'],
  method_not_allowed: [405, 'This method is not allowed here'],
  request_timeout: [408, 'The request did not arrive in time'],
  length_required: [411, 'The request needs a Content-Length'],
  internal_error: [500, 'The server failed'],
  not_implemented: [501, 'This is not implemented'],
  bad_gateway: [502, 'The application ended before it answered'],
  service_unavailable: [503, 'The server cannot answer now'],
  gateway_timeout: [504, 'The application did not answer in time'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

export class HttpError {
  readonly code: HttpErrorCode;
  readonly status: number;
  /** What and where, in printable ASCII: safe to show to a client. */
  readonly message: string;

  /** @param detail where, and the value; whatever the client sent must have gone through `quoted`. */
  constructor(code: HttpErrorCode, detail = '') {
    const [status, meaning] = HTTP_ERRORS[code];
    this.code = code;
    this.status = status;
    this.message = detail === '' ? meaning : `${meaning}: ${detail}`;
  }
}

const QUOTED_CHARACTERS = 48;

/** Some of what a client sent, for a message: short, and without anything that a terminal or a browser would act on. */
export function quoted(text: string): string {
  const shown = text
    .slice(0, QUOTED_CHARACTERS)
    .replace(/[^ !#-%(-;=?-[\]-~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return text.length > QUOTED_CHARACTERS ? `'${shown}'...` : `'${shown}'`;
}

/** IANA's HTTP status code registry. */
export const REASON_PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  418: "I'm a Teapot",
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
};
