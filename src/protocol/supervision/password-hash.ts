const FORMS = [
  /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/,
  /^\$(?:apr1|1)\$[^$]{0,8}\$[./A-Za-z0-9]{22}$/,
  /^\$5\$(?:rounds=\d+\$)?[^$]{0,16}\$[./A-Za-z0-9]{43}$/,
  /^\$6\$(?:rounds=\d+\$)?[^$]{0,16}\$[./A-Za-z0-9]{86}$/,
  /^\{SHA\}[A-Za-z0-9+/]{27}=$/,
  /^\{SSHA\}[A-Za-z0-9+/]{28,}={0,2}$/,
  /^\{PLAIN\}/,
];

/** Whether passwords can be compared with it: bcrypt, apr1, SHA-crypt, {SHA}, {SSHA}, {PLAIN}; not DES, which cuts them off after 8 letters. */
export function isKnownHash(hash: string): boolean {
  return FORMS.some((form) => form.test(hash));
}
