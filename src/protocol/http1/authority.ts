// RFC 3986's reg-name also allows sub-delims and percent-encoding. No name on the internet has them, and applications put the host into
// links and mails, so they are refused. An underscore is no host name either, but container networks use it.
const NAME_OR_IPV4 = /^[0-9A-Za-z._~-]+(?::(\d{0,5}))?$/;
const IP_LITERAL = /^\[[0-9A-Fa-f:.]{2,45}\](?::(\d{0,5}))?$/;
const MAX_AUTHORITY_BYTES = 255 + 6;
const MAX_PORT = 65535;

/** Host, or host and port, as in a Host field (RFC 9110 7.2). Without user information: RFC 9110 4.2.4 calls that a phishing trick. */
export function isAuthority(text: string): boolean {
  if (text.length > MAX_AUTHORITY_BYTES) return false;
  const match = NAME_OR_IPV4.exec(text) ?? IP_LITERAL.exec(text);
  return match !== null && Number(match[1] ?? 0) <= MAX_PORT;
}
