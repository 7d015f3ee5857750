import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, hasRole, type Needs } from '../access/index.ts';
import { withFallback } from '../backends/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { resolveBaseUrl } from '../http/index.ts';
import type { RenderReadDeps } from '../renders/index.ts';
import { html } from './design/index.ts';
import { mayOpen, sendPage } from './layout.ts';
import type { SendOverview } from './overview/index.ts';

const STATE_DEADLINE_MS = 1_000;

/**
 * `/start`: links to everything, and the first request. `/` is the same page, and the overview for operators.
 *
 * @param deps.keyless the API has no keys
 */
export function registerHome(
  app: FastifyInstance,
  { keyless, lookup, sendOverview }: HomeDeps & Pick<RenderReadDeps, 'lookup'>,
): void {
  const sendStart = async (request: FastifyRequest, reply: FastifyReply) => {
    // The page is shown without it while the queue or the store is away.
    const incomplete = await withFallback(STATE_DEADLINE_MS, lookup.queueState.isIncomplete(), false);
    const body = homePage(resolveBaseUrl(request), { keyless, incomplete, caller: request.caller });
    return await sendPage(reply, 200, { title: 'Start', body });
  };
  const sendHome = async (request: FastifyRequest, reply: FastifyReply) => {
    const { caller } = request;
    return await (caller && hasRole(caller, 'overseer') ? sendOverview : sendStart)(request, reply);
  };
  registerEndpoints(app, '/', { GET: { needs: 'anyone', run: sendHome } });
  registerEndpoints(app, '/start', { GET: { needs: 'anyone', run: sendStart } });
}

interface HomeDeps {
  keyless: boolean;
  sendOverview: SendOverview;
}

const LINKS: { href: string; name: string; content: string; needs?: Needs }[] = [
  {
    href: '/overview',
    name: 'Overview',
    content: 'current work, problems, newest images',
    needs: 'overseer',
  },
  { href: '/renders', name: 'Renders', content: 'search, gallery and table', needs: 'read' },
  { href: '/reference', name: 'API reference', content: 'every endpoint, with examples to try' },
  {
    href: '/dead-letters',
    name: 'Dead letters',
    content: 'failed renders, why they failed, and redrives',
    needs: 'read or operate',
  },
  {
    href: '/runs',
    name: 'Runs',
    content: 'renders that belong together: counts, money, pace',
    needs: 'read',
  },
  { href: '/catalogues', name: 'Catalogues', content: 'schedules, runs and their reports', needs: 'read' },
  { href: '/batches', name: 'Batches', content: 'files of requests, and their results', needs: 'read' },
  {
    href: '/pauses',
    name: 'Pauses',
    content: 'what is paused, by whom and why',
    needs: 'read or operate',
  },
  { href: '/queues', name: 'All queues', content: 'Bull Board', needs: 'overseer' },
  { href: '/keys', name: 'API keys', content: 'make and revoke them', needs: 'overseer' },
  { href: '/audit', name: 'Audit log', content: 'what operators did', needs: 'operate' },
  {
    href: '/problems',
    name: 'Problems',
    content: 'every error of the API, every reason of a failed render, and what to do',
  },
  { href: '/openapi.json', name: 'OpenAPI', content: 'the API reference for programs' },
  { href: '/metrics', name: 'Metrics', content: 'for Prometheus', needs: 'operator' },
  { href: '/readyz', name: 'Readiness', content: 'of queue and store' },
];

interface HomeFacts {
  keyless: boolean;
  incomplete: boolean;
  caller: Caller | undefined;
}

const homePage = (base: string, { keyless, incomplete, caller }: HomeFacts) => html`
<h1>Darkroom</h1>
<p class="soft">A durable render queue: each image is bought once and kept.</p>
${incomplete && describeRestore(mayOpen(caller, 'operator'))}${keyless ? KEYLESS : KEYED}
<h2>Start here</h2>
<ul>
${LINKS.filter(({ needs = 'anyone' }) => mayOpen(caller, needs)).map(
  ({ href, name, content }) =>
    html`<li><a href="${href}">${name}</a> <span class="soft">${content}</span></li>\n`,
)}
</ul>
<h2>The first render</h2>
<pre>curl ${base}/v1/renders \\
  -H 'content-type: application/json' -H 'idempotency-key: first' \\${keyless ? '' : "\n  -H 'authorization: Bearer <key>' \\"}
  -d '{"prompt":"a lighthouse at dusk","size":"16:9"}'</pre>`;

const describeRestore = (
  operator: boolean,
) => html`<p class="card error">The queue was restarted or lost. Renders that it lacks are added again from the object
store; until then, requests for them are answered with <a href="/problems/restoring"><code>restoring</code></a>. A worker
does this${operator && html`: <a href="/queues/queue/restore">its job</a> shows how far it is`}.</p>
`;

const KEYLESS = html`<p class="card">There are no API keys: every user of this machine has all rights, and other machines
have no access. <code>npx -y pnpm@12 new-key</code> makes a key for API_KEYS.</p>`;

const KEYED = html`<p class="card">Services send <code>Authorization: Bearer &lt;key&gt;</code>. In a browser, <a href="/sign-in">sign in</a>
with a key. Queues and metrics are for keys of all tenants.</p>`;
