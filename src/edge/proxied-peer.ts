import type { Peer } from '../handlers/exchange.ts';
import type { ProxyHeader } from '../protocol/proxy-protocol/proxy-header.ts';

/** The connection's peer as the proxy tells of it. What is believed of its fields depends on who sends them, and that is the proxy. */
export function proxiedPeer(peer: Peer, header: ProxyHeader): Peer {
  const { address: remoteAddress, port: remotePort } = header.source ?? {
    address: peer.remoteAddress,
    port: peer.remotePort,
  };
  return { ...peer, remoteAddress, remotePort, proxyHeader: header };
}
