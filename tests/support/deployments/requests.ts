import { RawConnection } from '../raw-connection.ts';
import { waitFor } from '../wait-for.ts';
import type { Facts, Step } from './deployment.ts';
import { withoutPlace } from './log-lines.ts';
import { type Answer, factsOf, readAnswer } from './response-facts.ts';
import type { Site, Target } from './site.ts';

interface Options {
  /** Which of its addresses is asked. */
  readonly address?: number;
  /** For the report; default: the request line and the fields. */
  readonly what?: string;
}

/** A request line with the version left out where it is HTTP/1.1, fields, and a body. */
export function request(line: string, fields: readonly string[] = [], body = ''): string {
  const [method = '', target = '/', version = 'HTTP/1.1'] = line.split(' ');
  const needsHost = version === 'HTTP/1.1' && !fields.some((field) => /^host:/i.test(field));
  return [
    `${method} ${target} ${version}`,
    ...(needsHost ? ['Host: site.example'] : []),
    ...fields,
    '',
    body,
  ].join('\r\n');
}

/** One request on a connection of its own, and what the client sees of the response. */
export function ask(line: string, fields: readonly string[] = [], body = '', options: Options = {}): Step {
  return send(request(line, fields, body), { what: [line, ...fields].join(', '), ...options });
}

/** The same for bytes that a library would not send. */
export function send(bytes: string, { address = 0, what = JSON.stringify(bytes) }: Options = {}): Step {
  return {
    what,
    act: async (site) => {
      try {
        return factsOf(await answerTo(bytes, site, address), site.folder);
      } catch (error) {
        // Broken off, within a head or a body.
        return { response: withoutPlace((error as Error).message, site.folder) };
      }
    },
  };
}

/** What the application finds in its environ: type and value of each variable, which it answers as JSON. */
export function environ(line: string, fields: readonly string[] = [], body = ''): Step {
  return environOf([line, ...fields].join(', '), request(line, fields, body));
}

export function environOf(what: string, bytes: string): Step {
  return {
    what: `environ of ${what}`,
    act: async (site) => {
      const { response } = await answerTo(bytes, site, 0);
      if (response.status !== 200) return { status: String(response.status) };
      const variables = Object.entries(JSON.parse(response.body.toString()) as Record<string, string>);
      return Object.fromEntries(
        variables.map(([name, value]) => [
          `variable ${name}`,
          withoutPort(name, withoutPlace(value, site.folder)),
        ]),
      );
    },
  };
}

const withoutPort = (name: string, value: string): string =>
  /^(REMOTE|SERVER)_PORT$/.test(name) ? value.replace(/\d{4,5}/, 'PORT') : value;

async function answerTo(bytes: string, site: Site, address: number): Promise<Answer> {
  const connection = await RawConnection.open(targetOf(site, address));
  try {
    connection.send(bytes);
    return await readAnswer(connection, methodOf(bytes));
  } finally {
    connection.destroy();
  }
}

/** A client that sends its body only when it is told to go on. */
export function askFirst(line: string, body: string): Step {
  return {
    what: `${line}, and the body after 100`,
    act: async (site) => {
      const connection = await RawConnection.open(targetOf(site, 0));
      try {
        connection.send(request(line, ['Expect: 100-continue', `Content-Length: ${body.length}`]));
        const { status } = await connection.readResponse();
        connection.send(body);
        const { response } = await readAnswer(connection, methodOf(line));
        return { interim: String(status), body: response.body.toString('latin1') };
      } finally {
        connection.destroy();
      }
    },
  };
}

/** A client that goes when it has seen the beginning of the response; waits until the log says that this was noticed. */
export function leaveEarly(bytes: string, noticed: RegExp): Step {
  return {
    what: 'a client that leaves',
    act: async (site) => {
      const connection = await RawConnection.open(targetOf(site, 0));
      connection.send(bytes);
      await connection.peek(1000);
      connection.destroy();
      await waitFor(() => noticed.test(site.errorLog()), {
        what: `${noticed}`,
        details: () => site.report(),
      });
      return { noticed: 'true' };
    },
  };
}

/** Requests on one connection, each after the response to the one before, as long as it is kept. */
export function converse(what: string, requests: readonly string[]): Step {
  return {
    what,
    act: async (site) => {
      const connection = await RawConnection.open(targetOf(site, 0));
      const bodies: string[] = [];
      try {
        for (const bytes of requests) {
          connection.send(bytes);
          const { response, isClosed } = await readAnswer(connection, methodOf(bytes));
          bodies.push(`${response.status} ${response.body.toString('latin1')}`);
          if (isClosed) break;
        }
      } finally {
        connection.destroy();
      }
      return { 'answers on one connection': bodies.join(', ') } satisfies Facts;
    },
  };
}

const methodOf = (bytes: string): string => /^\S+/.exec(bytes)?.[0] ?? '';

function targetOf(site: Site, index: number): Target {
  const target = site.targets()[index];
  if (target === undefined) throw new Error(`no address ${index}:\n${site.report()}`);
  return target;
}
