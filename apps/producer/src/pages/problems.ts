import { PROBLEMS, type ProblemCode } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { createProblemExample } from '../openapi/index.ts';
import type { ProblemError } from '../problems/index.ts';
import { html, type Markup } from './html.ts';
import { sendPage } from './layout.ts';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** `/problems` and `/problems/{code}`. The `type` of every problem is one of these pages. */
export function registerProblemPages(app: FastifyInstance): void {
  registerEndpoints(app, '/problems', {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) => await sendPage(reply, 200, { title: 'Problems', body: listPage() }),
    },
  });
  registerEndpoints(app, '/problems/:code', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) => {
        const { code } = request.params as { code: string };
        const known = CODES.find((one) => one === code);
        if (!known) return await sendPage(reply, 404, { title: 'No such problem', body: unknownPage(code) });
        const body = problemPage(known, resolveBaseUrl(request));
        return await sendPage(reply, 200, { title: PROBLEMS[known][1], body });
      },
    },
  });
}

const listPage = () => html`
<h1>Problems</h1>
<p class="soft">Every error of the API. Programs should use <code>code</code>: its meaning never changes.</p>
<div class="wide"><table>
<tr><th>Status<th>Code<th>Meaning</tr>
${CODES.map((code) => html`<tr><td>${PROBLEMS[code][0]}<td><a href="/problems/${code}"><code>${addBreaks(code)}</code></a><td>${PROBLEMS[code][1]}</tr>\n`)}
</table></div>`;

/** Lets a narrow screen break a code after its underscores, and nowhere else. */
const addBreaks = (code: string): Markup[] =>
  code.split('_').map((word, index) => (index > 0 ? html`_<wbr>${word}` : html`${word}`));

function problemPage(code: ProblemCode, base: string): Markup {
  const [status, title, todo] = PROBLEMS[code];
  return html`
<h1>${title}</h1>
<p><span class="badge failed">${status}</span> <code>${code}</code></p>
<h2>What to do</h2>
<p>${markCode(todo)}</p>
<h2>Example</h2>
<pre>${JSON.stringify(createProblemExample(code, base), null, 2)}</pre>
<p class="soft">Operators find <code>request_id</code> in the log. <a href="/problems">All problems</a></p>`;
}

const unknownPage = (code: string) => html`
<h1>No such problem</h1>
<p>The API has no problem <code>${code.slice(0, 80)}</code>.</p>
<p><a href="/problems">All problems</a></p>`;

/** For a page that cannot be shown because of this problem. */
export const problemBody = ({ code, status, message }: ProblemError): Markup => html`
<h1>${PROBLEMS[code][1]}</h1>
<p><span class="badge failed">${status}</span> <a href="/problems/${code}"><code>${code}</code></a></p>
<p>${message}</p>
<p class="soft">${markCode(PROBLEMS[code][2])}</p>`;

/** Shows the parts of a text between backticks as code. */
const markCode = (text: string): Markup[] =>
  text.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : html`${part}`));
