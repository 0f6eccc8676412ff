import type { ListenerSpec } from '../protocol/supervision/edge.ts';

const USUAL = 443;

/** The port that a URL has to name for HTTPS; null: none. */
export function httpsPortOf(listeners: readonly ListenerSpec[], hasCertificate: boolean): number | null {
  const ports = listeners.flatMap((listener) => {
    const isEncrypted = hasCertificate && listener.scheme !== 'http';
    return isEncrypted && listener.kind === 'tcp' ? [listener.port] : [];
  });
  return ports.includes(USUAL) ? null : (ports[0] ?? null);
}
