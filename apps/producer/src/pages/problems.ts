import { PROBLEMS, type ProblemCode } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { registerEndpoints, resolveBaseUrl } from '../http/index.ts';
import { createProblemExample } from '../openapi/index.ts';
import type { ProblemError } from '../problems/index.ts';
import { html, type Markup } from './html.ts';
import { sendPage } from './layout.ts';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** `/problems` and `/problems/{code}`, where the `type` of every refusal leads. */
export function registerProblemPages(app: FastifyInstance): void {
  registerEndpoints(app, '/problems', {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) => await sendPage(reply, 200, { title: 'Problems', body: renderList() }),
    },
  });
  registerEndpoints(app, '/problems/:code', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) => {
        const { code } = request.params as { code: string };
        const known = CODES.find((one) => one === code);
        if (!known)
          return await sendPage(reply, 404, { title: 'No such problem', body: renderUnknown(code) });
        return await sendPage(reply, 200, {
          title: PROBLEMS[known][1],
          body: renderProblem(known, resolveBaseUrl(request)),
        });
      },
    },
  });
}

const renderList = () => html`
<h1>Problems</h1>
<p class="soft">Every way in which the API says no. Programs go by <code>code</code>: it never changes its meaning.</p>
<div class="wide"><table>
<tr><th>Status<th>Code<th>What it is</tr>
${CODES.map((code) => html`<tr><td>${PROBLEMS[code][0]}<td><a href="/problems/${code}"><code>${addBreaks(code)}</code></a><td>${PROBLEMS[code][1]}</tr>\n`)}
</table></div>`;

/** On a phone a code breaks after its underscores, and nowhere else. */
const addBreaks = (code: string): Markup[] =>
  code.split('_').map((word, index) => (index > 0 ? html`_<wbr>${word}` : html`${word}`));

function renderProblem(code: ProblemCode, base: string): Markup {
  const [status, title, todo] = PROBLEMS[code];
  return html`
<h1>${title}</h1>
<p><span class="badge failed">${status}</span> <code>${code}</code></p>
<h2>What to do</h2>
<p>${markCode(todo)}</p>
<h2>How it looks</h2>
<pre>${JSON.stringify(createProblemExample(code, base), null, 2)}</pre>
<p class="soft"><code>request_id</code> is also in the log of whoever runs this. <a href="/problems">All problems</a></p>`;
}

const renderUnknown = (code: string) => html`
<h1>No such problem</h1>
<p>The API never says <code>${code.slice(0, 80)}</code>.</p>
<p><a href="/problems">All problems</a></p>`;

/** A problem that kept a page from being shown. */
export const renderProblemView = ({ code, status, message }: ProblemError): Markup => html`
<h1>${PROBLEMS[code][1]}</h1>
<p><span class="badge failed">${status}</span> <a href="/problems/${code}"><code>${code}</code></a></p>
<p>${message}</p>
<p class="soft">${markCode(PROBLEMS[code][2])}</p>`;

/** Text with `code` in it. */
const markCode = (text: string): Markup[] =>
  text.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : html`${part}`));
