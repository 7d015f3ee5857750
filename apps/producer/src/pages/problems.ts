import { PROBLEMS, type ProblemCode } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { baseUrl, resource } from '../http/index.ts';
import { problemExample } from '../openapi/index.ts';
import type { ProblemError } from '../problems/index.ts';
import { html, type Markup } from './html.ts';
import { sendPage } from './layout.ts';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** `/problems` and `/problems/{code}`, where the `type` of every refusal leads. */
export function problemRoutes(app: FastifyInstance): void {
  resource(app, '/problems', {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) => await sendPage(reply, 200, { title: 'Problems', body: list() }),
    },
  });
  resource(app, '/problems/:code', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) => {
        const { code } = request.params as { code: string };
        const known = CODES.find((one) => one === code);
        if (!known) return await sendPage(reply, 404, { title: 'No such problem', body: unknown(code) });
        return await sendPage(reply, 200, { title: PROBLEMS[known][1], body: page(known, baseUrl(request)) });
      },
    },
  });
}

const list = () => html`
<h1>Problems</h1>
<p class="soft">Every way in which the API says no. Programs go by <code>code</code>: it never changes its meaning.</p>
<div class="wide"><table>
<tr><th>Status<th>Code<th>What it is</tr>
${CODES.map((code) => html`<tr><td>${PROBLEMS[code][0]}<td><a href="/problems/${code}"><code>${breakable(code)}</code></a><td>${PROBLEMS[code][1]}</tr>\n`)}
</table></div>`;

/** On a phone a code breaks after its underscores, and nowhere else. */
const breakable = (code: string): Markup[] =>
  code.split('_').map((word, index) => (index > 0 ? html`_<wbr>${word}` : html`${word}`));

function page(code: ProblemCode, base: string): Markup {
  const [status, title, todo] = PROBLEMS[code];
  return html`
<h1>${title}</h1>
<p><span class="badge failed">${status}</span> <code>${code}</code></p>
<h2>What to do</h2>
<p>${withCode(todo)}</p>
<h2>How it looks</h2>
<pre>${JSON.stringify(problemExample(code, base), null, 2)}</pre>
<p class="soft"><code>request_id</code> is also in the log of whoever runs this. <a href="/problems">All problems</a></p>`;
}

const unknown = (code: string) => html`
<h1>No such problem</h1>
<p>The API never says <code>${code.slice(0, 80)}</code>.</p>
<p><a href="/problems">All problems</a></p>`;

/** A problem that kept a page from being shown. */
export const problemView = ({ code, status, message }: ProblemError): Markup => html`
<h1>${PROBLEMS[code][1]}</h1>
<p><span class="badge failed">${status}</span> <a href="/problems/${code}"><code>${code}</code></a></p>
<p>${message}</p>
<p class="soft">${withCode(PROBLEMS[code][2])}</p>`;

/** Text with `code` in it. */
const withCode = (text: string): Markup[] =>
  text.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : html`${part}`));
