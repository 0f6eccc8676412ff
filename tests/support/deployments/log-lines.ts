import { testVenv } from '../project.ts';

/** `[time] [pid] [LEVEL] message` */
const RECORD = /^\[[^\]]+\] \[(\d+)\] \[([A-Z]+)\] (.*)$/;
const FRAME = /^ {2}File "([^"]+)", line \d+/;

/** What differs from run to run, in any text: where the site lies, the processes, the ports. */
export function withoutPlace(text: string, folder: string): string {
  return text
    .replaceAll(folder, '{folder}')
    .replaceAll(testVenv, '{venv}')
    .replace(/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|localhost):\d+/g, '$1:PORT');
}

function withoutNumbers(line: string): string {
  return line
    .replace(/Starting (gunicorn|kirin) \S+/, 'Starting SERVER VERSION')
    .replace(/^(INFO Listening at: .*) \(\d+\)$/, '$1 (PID)')
    .replace(/\b(pid:? ?)\d+/g, '$1PID')
    .replace(/\d+\.\d+ s\b/g, 'SECONDS s')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(,\d{3})?/g, 'TIME');
}

/**
 * The lines of an error log as both servers would write them: `LEVEL message` for a record, other lines as they are. Of a traceback the
 * application's own frames stay, in one line with the exception.
 */
export function errorLogLines(log: string, folder: string): string[] {
  const found: string[] = [];
  const lines = withoutPlace(log, folder).split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    if (line.trim() === '') continue;
    if (line.startsWith('Traceback (most recent call last):')) {
      const end = endOfTraceback(lines, index);
      found.push(tracebackLine(lines.slice(index + 1, end)));
      index = end - 1;
      continue;
    }
    const [, , level, message] = RECORD.exec(line) ?? [];
    found.push(withoutNumbers(level === undefined ? line : `${level} ${message}`));
  }
  return found;
}

/** Behind the line that names the exception, which is the first that is not indented. */
function endOfTraceback(lines: readonly string[], start: number): number {
  let index = start + 1;
  while (index < lines.length && /^\s/.test(lines[index] as string)) index++;
  // Where only frames are shown, the next record follows.
  return RECORD.test(lines[index] ?? '') ? index : index + 1;
}

function tracebackLine(lines: readonly string[]): string {
  const frames: string[] = [];
  for (const line of lines) {
    const [, file] = FRAME.exec(line) ?? [];
    if (file?.startsWith('{folder}')) frames.push(line.trim());
  }
  const exception = lines.filter((line) => /^\S/.test(line));
  return ['Traceback', ...frames, ...exception].join(' | ');
}

/** What happened one after the other, and was said by one process. */
const MILESTONE =
  /^(INFO|ERROR) (Starting|Listening at|Using worker|Handling signal|Hang up|Shutting down|Reason)/;

export function milestones(lines: readonly string[]): string[] {
  return lines.filter((line) => MILESTONE.test(line));
}

/** Lines of an access log without times, durations and pids. */
export function accessLogLines(log: string, folder: string): string[] {
  return withoutPlace(log, folder)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]/g, '[TIME]')
        .replace(/<\d+>/g, '<PID>')
        .replace(/\b(seconds|ms|us|decimal)=[\d.]+/g, '$1=N'),
    );
}
