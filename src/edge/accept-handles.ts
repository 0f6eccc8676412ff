import type { Server } from 'node:net';

/** What Node has of a connection before it is a socket; opaque to us. */
export type ConnectionHandle = object;

interface ListeningHandle {
  onconnection?: (error: number, handle: ConnectionHandle) => void;
}

/**
 * Offers connections as bare handles: only who makes the socket can say what it reads into. What `accept` does not take comes as a
 * 'connection' event as ever. The listener has to listen already. Not documented by Node, which has worked this way for ten
 * years; should that end, all come as events.
 */
export function acceptHandles(listener: Server, accept: (handle: ConnectionHandle) => boolean): void {
  const listening = (listener as unknown as { readonly _handle?: ListeningHandle })._handle;
  const usual = listening?.onconnection;
  if (listening === undefined || typeof usual !== 'function') return;
  listening.onconnection = (error, handle) => {
    if (error || !accept(handle)) usual.call(listening, error, handle);
  };
}
