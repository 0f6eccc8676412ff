import { Socket } from 'node:net';
import { describeWriting } from './direct-write-cases.ts';

// As a Node would that writes in another way: what a direct write looks for is not there.
const write = Socket.prototype._write;
Socket.prototype._write = function (data, encoding, done) {
  const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data;
  write.call(this, bytes, 'buffer' as BufferEncoding, done);
};

describeWriting('a write, where Node does not write as is known here', false);
