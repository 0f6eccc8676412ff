// What a browser, or a terminal, is shown while the application does not load.

import type { LoadFailure } from '../protocol/supervision/load-failure.ts';

const WHY =
  'Everybody is shown this, since Kirin runs with --reload. It is over as soon as a file is saved with which the application loads.';

export function failureText({ message }: LoadFailure): string {
  return `${message}\n\n${WHY}\n`;
}

/** `id`: of this failure, for the script that waits for its end; null: the page stays until somebody reloads it. */
export function failurePage({ message, error, place }: LoadFailure, id: string | null): string {
  const where =
    place === null
      ? ''
      : `<p class="place"><code>${escapeHtml(place.file)}</code>, line ${place.line}</p>\n<pre class="source">${sourceLines(place)}</pre>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(error)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="what">The application does not load</p>
<h1>${escapeHtml(error)}</h1>
${where}
<h2>In the terminal</h2>
<pre>${escapeHtml(message)}</pre>
<p class="why">${WHY.replace('--reload', '<code>--reload</code>')}${id === null ? '' : ' This page then reloads by itself.'}</p>
</main>
${id === null ? '' : `<script>${waitingScript(id)}</script>\n`}</body>
</html>
`;
}

const STYLE = `
:root { --text: #1d1f23; --faint: #626873; --paper: #fff; --box: #f4f5f7; --mark: #ffe3e0; --red: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e7ea; --faint: #9aa1ac; --paper: #16181c; --box: #22252b; --mark: #56221f; --red: #ff897d }
}
body { margin: 0; background: var(--paper); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
.what { margin: 0; color: var(--faint) }
h1 { margin: .2rem 0 .8rem; color: var(--red); font-size: 1.5rem; line-height: 1.3; overflow-wrap: anywhere }
h2 { margin: 1.8rem 0 .5rem; font-size: 1rem }
.place { margin: 0 0 .5rem; overflow-wrap: anywhere }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .875rem }
pre { margin: 0; padding: .8rem 1rem; border-radius: .5rem; background: var(--box); overflow-x: auto; tab-size: 4 }
.source span { display: block; width: max-content; min-width: 100%; white-space: pre }
.source mark { display: block; width: max-content; min-width: 100%; margin: 0 -1rem; padding: 0 1rem; background: var(--mark); color: inherit }
.why { margin-top: 1.8rem; color: var(--faint); font-size: .875rem }
.why code { white-space: nowrap }
`;

function sourceLines({ line, first, lines }: NonNullable<LoadFailure['place']>): string {
  const width = String(first + lines.length - 1).length;
  return lines
    .map((text, index) => {
      const number = first + index;
      const shown = `${String(number).padStart(width)}  ${escapeHtml(text)}`;
      return number === line ? `<mark>${shown}</mark>` : `<span>${shown}</span>`;
    })
    .join('');
}

/** A request with this header is answered when the failure is over; until then, and while the server is away, the script waits. */
export const WAIT_HEADER = 'kirin-load-failure';

const waitingScript = (id: string): string => `
(async () => {
  for (;;) {
    try {
      await fetch(location.href, { headers: { '${WAIT_HEADER}': '${id}' }, cache: 'no-store' });
      return location.reload();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
})();
`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character] as string);
