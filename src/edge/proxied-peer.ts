import type { Peer } from '../handlers/exchange.ts';
import { forwardedAddress } from '../handlers/trust.ts';
import type { FieldBlock } from '../protocol/http1/field-block.ts';
import type { ProxyHeader } from '../protocol/proxy-protocol/proxy-header.ts';

/** The connection's peer as the proxy tells of it. What is believed of its fields depends on who sends them, and that is the proxy. */
export function proxiedPeer(peer: Peer, header: ProxyHeader): Peer {
  const { address: remoteAddress, port: remotePort } = header.source ?? {
    address: peer.remoteAddress,
    port: peer.remotePort,
  };
  return { ...peer, remoteAddress, remotePort, proxyHeader: header };
}

/** The same for what it says of one request, in its fields. */
export function forwardedPeer(peer: Peer, fields: FieldBlock): Peer {
  const address = forwardedAddress(fields, peer.rules);
  if (address === null) return peer;
  return { ...peer, remoteAddress: address, remotePort: '', proxyAddress: peer.remoteAddress };
}
