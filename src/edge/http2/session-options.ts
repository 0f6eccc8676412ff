import type { ServerSessionOptions } from 'node:http2';
import type { HttpLimits } from '../../protocol/http1/limits.ts';
import type { Http2Limits } from '../../protocol/supervision/edge.ts';

/** RFC 9113 6.9.1. */
const MAX_WINDOW_BYTES = 2 ** 31 - 1;
/** "Unlimited" is what Node can be told at most. */
const MAX_HEADER_LIST_BYTES = 2 ** 24 - 1;
/** Beyond those that are counted as fields: :method and its like, and cookies, which come apart. */
const UNCOUNTED_FIELDS = 260;
/** Heads, and what of responses waits for its client: of all streams, and of so many streams a megabyte more. Node's default is 10 in all. */
const SESSION_MEGABYTES = 32;
const STREAMS_PER_MEGABYTE = 4;
/** Frames that make no sense, and streams that are more than may be: then it is no honest client. Node's defaults are 1000 and 100. */
const INVALID_FRAMES = 100;
const REJECTED_STREAMS = 100;

/** What else Node and nghttp2 bound by themselves: CONTINUATION frames of a head, PING and SETTINGS that wait to be acknowledged, and streams that are reset. */
export function sessionOptions(http2: Http2Limits, limits: HttpLimits): ServerSessionOptions {
  return {
    settings: {
      maxConcurrentStreams: http2.maxConcurrentStreams,
      initialWindowSize: http2.initialWindowBytes,
      maxFrameSize: http2.maxFrameBytes,
      maxHeaderListSize: Math.min(http2.maxHeaderListBytes || MAX_HEADER_LIST_BYTES, MAX_HEADER_LIST_BYTES),
      enablePush: false,
    },
    // More are answered with 431, up to this; beyond, nobody needs to be polite.
    maxHeaderListPairs: limits.maxFields + UNCOUNTED_FIELDS,
    maxSessionMemory: Math.max(
      SESSION_MEGABYTES,
      Math.ceil(http2.maxConcurrentStreams / STREAMS_PER_MEGABYTE),
    ),
    maxSessionInvalidFrames: INVALID_FRAMES,
    maxSessionRejectedStreams: REJECTED_STREAMS,
  };
}

/** A connection's window holds those of all its streams: one whose body waits never holds up the others. */
export function windowBytes({ initialWindowBytes, maxConcurrentStreams }: Http2Limits): number {
  return Math.min(MAX_WINDOW_BYTES, Math.max(65_535, initialWindowBytes * maxConcurrentStreams));
}
