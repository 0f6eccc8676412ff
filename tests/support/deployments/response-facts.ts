import { createHash } from 'node:crypto';
import type { RawConnection } from '../raw-connection.ts';
import { fieldValues, type RawResponse } from '../response-reader.ts';
import type { Facts } from './deployment.ts';
import { withoutPlace } from './log-lines.ts';

const SHOWN_BODY_BYTES = 4000;

export interface Answer {
  /** 1xx responses before it. */
  readonly interim: readonly RawResponse[];
  readonly response: RawResponse;
  readonly isClosed: boolean;
}

/** Reads the responses to one request, and waits for the end of the connection where that is announced. */
export async function readAnswer(connection: RawConnection, method: string): Promise<Answer> {
  const interim: RawResponse[] = [];
  for (;;) {
    const response = await connection.readResponse({ method });
    if (response.status < 200) {
      interim.push(response);
      continue;
    }
    const isClosed = announcesEnd(response);
    if (isClosed) await connection.readToEnd();
    return { interim, response, isClosed };
  }
}

function announcesEnd(response: RawResponse): boolean {
  const [option = ''] = fieldValues(response, 'connection').map((value) => value.toLowerCase());
  return option === 'close' || (response.version === 'HTTP/1.0' && option !== 'keep-alive');
}

/** All that a client sees. Two fields of one name keep their order; that of different names means nothing. */
export function factsOf({ interim, response, isClosed }: Answer, folder: string): Facts {
  const facts: Record<string, string> = {
    status: `${response.version} ${response.status} ${response.reason}`,
    framing: response.framing,
    connection: isClosed ? 'closed' : 'kept',
    body: bodyText(response.body, folder),
  };
  if (interim.length > 0) facts.interim = interim.map((each) => each.head).join(' ');
  for (const [name] of response.fields) {
    facts[`field ${name.toLowerCase()}`] = response.fields
      .filter(([other]) => other.toLowerCase() === name.toLowerCase())
      .map(([spelled, value]) => `${spelled}: ${withoutPlace(withoutTime(spelled, value), folder)}`)
      .join(' | ');
  }
  return facts;
}

const withoutTime = (name: string, value: string): string =>
  name.toLowerCase() === 'date' && /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(value) ? 'NOW' : value;

function bodyText(body: Buffer, folder: string): string {
  if (body.length <= SHOWN_BODY_BYTES) return withoutPlace(body.toString('latin1'), folder);
  return `${body.length} bytes, ${createHash('sha256').update(body).digest('hex')}`;
}
