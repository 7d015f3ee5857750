import {
  FAILURES,
  type FailureCode,
  PROBLEMS,
  type ProblemCode,
  WAIT_CAUSES,
  WAITS,
  type WaitCode,
} from '@darkroom/api';
import { problemPath } from '@darkroom/shared/snapshot';
import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { createProblemExample } from '../openapi/index.ts';
import type { ProblemError } from '../problems/index.ts';
import { html, type Markup, table } from './design/index.ts';
import { markCode } from './formats.ts';
import { sendPage } from './layout.ts';

const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];
const FAILURE_CODES = Object.keys(FAILURES) as FailureCode[];

/**
 * `/problems` and `/problems/{code}`. The `type` of every problem and of the `error` of every failed render is one of
 * these pages. Two codes are both: their page has a part for each.
 */
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
        const problem = PROBLEM_CODES.find((one) => one === code);
        const failure = FAILURE_CODES.find((one) => one === code);
        const wait = WAIT_CAUSES.find((one) => one === code);
        if (!problem && !failure && !wait)
          return await sendPage(reply, 404, { title: 'No such problem', body: unknownPage(code) });
        return await sendPage(reply, 200, {
          title: code,
          body: html`${problem && problemPart(problem, resolveBaseUrl(request))}${failure && failurePart(failure)}${wait && waitPart(wait)}
<p><a href="/problems">All problems</a></p>`,
        });
      },
    },
  });
}

/** Fields of one request that a page lists at most. */
const MAX_FIELDS = 20;

const listPage = () => html`
<h1>Problems</h1>
<p class="soft">Programs should use <code>code</code>: its meaning never changes.</p>
<h2>Answers to requests</h2>
<div class="wide"><table>
<tr><th>Status<th>Code<th>Meaning</tr>
${PROBLEM_CODES.map((code) => html`<tr><td>${PROBLEMS[code][0]}<td>${linkToCode(code)}<td>${PROBLEMS[code][1]}</tr>\n`)}
</table></div>
<h2>Reasons of failed renders</h2>
<div class="wide"><table>
<tr><th>Retryable<th>Code<th>Meaning</tr>
${FAILURE_CODES.map((code) => html`<tr><td>${FAILURES[code].retryable ? 'yes' : 'no'}<td>${linkToCode(code)}<td>${FAILURES[code].title}</tr>\n`)}
</table></div>
<h2>Reasons why renders wait</h2>
<p class="soft">Of several reasons, <code>waiting_for.cause</code> is the first one of this list.</p>
<div class="wide"><table>
<tr><th>Resolves itself<th>Code<th>Meaning</tr>
${WAIT_CAUSES.map((code) => html`<tr><td>${WAITS[code].resolvesItself ? 'yes' : 'no'}<td>${linkToCode(code)}<td>${WAITS[code].title}</tr>\n`)}
</table></div>`;

const linkToCode = (code: ProblemCode | FailureCode | WaitCode) =>
  html`<a href="${problemPath(code)}"><code>${addBreaks(code)}</code></a>`;

/** Lets a narrow screen break a code after its underscores, and nowhere else. */
const addBreaks = (code: string): Markup[] =>
  code.split('_').map((word, index) => (index > 0 ? html`_<wbr>${word}` : html`${word}`));

function problemPart(code: ProblemCode, base: string): Markup {
  const [status, title, todo] = PROBLEMS[code];
  return html`
<h1>${title}</h1>
<p><span class="badge failed">${status}</span> <code>${code}</code> <span class="soft">· the answer to a request</span></p>
<h2>What to do</h2>
<p>${markCode(todo)}</p>
<h2>Example</h2>
<pre>${JSON.stringify(createProblemExample(code, base), null, 2)}</pre>
<p class="soft">Operators find <code>request_id</code> in the log.</p>`;
}

function failurePart(code: FailureCode): Markup {
  const { title, meaning, retryable, advice, redrive } = FAILURES[code];
  return html`
<h1>${title}</h1>
<p><span class="badge failed">failed</span> <code>${code}</code> <span class="soft">· the reason of a failed render</span></p>
<p>${markCode(meaning)}</p>
<h2>What to do</h2>
<p>${markCode(advice)}</p>
<p><code>retryable</code>: <strong>${retryable ? 'yes' : 'no'}</strong>. <span class="soft">${
    retryable
      ? 'Your service may send the same request again, with a new idempotency key.'
      : 'Your service should not send the same request again.'
  }</span></p>
<h2>Effect of a redrive</h2>
<p>${markCode(redrive)}</p>
<p class="soft">An operator redrives it on the page of <a href="/dead-letters/list?code=${code}">dead letters</a>, or with <code>darkroom renders redrive</code>.
The render keeps its id, and continues with the step that its <code>error</code> names.</p>`;
}

function waitPart(code: WaitCode): Markup {
  const { title, meaning, advice, resolvesItself, command } = WAITS[code];
  return html`
<h1>${title}</h1>
<p><span class="badge queued">waits</span> <code>${code}</code> <span class="soft">· the reason why a render waits</span></p>
<p>${markCode(meaning)}</p>
<h2>What to do</h2>
<p>${markCode(advice)}</p>
<pre>${command}</pre>
<p>Resolves itself: <strong>${resolvesItself ? 'yes' : 'no'}</strong>. <span class="soft">Renders that wait for it:
<a href="/v1/renders?waiting_for=${code}"><code>GET /v1/renders?waiting_for=${code}</code></a>.</span></p>`;
}

const unknownPage = (code: string) => html`
<h1>No such problem</h1>
<p>Neither the API nor a render has the code <code>${code.slice(0, 80)}</code>.</p>
<p><a href="/problems">All problems</a></p>`;

/** For a page that cannot be shown because of this problem. */
export const problemBody = ({ code, status, message, retryAfter, problems }: ProblemError): Markup => html`
<h1>${PROBLEMS[code][1]}</h1>
<p><span class="badge failed">${status}</span> <a href="${problemPath(code)}"><code>${code}</code></a></p>
${
  // The message of this problem is its title in other words.
  code !== 'render_not_found' && html`<p>${message}</p>`
}
${
  problems.length > 0 &&
  table(
    ['Field', 'Expected', 'Received'],
    problems
      .slice(0, MAX_FIELDS)
      .map(({ field, expected, received }) => [html`<code>${field}</code>`, expected, received]),
  )
}
<p class="soft">${retryAfter === undefined ? markCode(PROBLEMS[code][2]) : 'This page reloads automatically.'}</p>`;
