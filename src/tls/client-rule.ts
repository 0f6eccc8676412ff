import type { TlsIdentity } from '../protocol/supervision/tls-config.ts';

/** Of clients without any rule. */
const NO_RULE = '';

/** The same for the same demands: who is let in by one is let in by the other. */
export function clientRule({
  clientCertificates,
  clientAuthorities,
}: Pick<TlsIdentity, 'clientCertificates' | 'clientAuthorities'>): string {
  if (clientCertificates === 'ignored') return NO_RULE;
  // Only where it is needed: most edges do without the module.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(clientAuthorities).digest('base64');
  return `${clientCertificates} ${digest}`;
}

export const requiresCertificate = (rule: string): boolean => rule.startsWith('required ');
