import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { QueueJobJson, UITheme } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Engine } from '@darkroom/shared/engine';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import type { Clock, Scrub } from '@darkroom/shared/runtime';
import type { FastifyInstance } from 'fastify';
import { hasRole } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { PauseBook } from '../backends/index.ts';
import { dashboardRequestError, RETRY_JOB_ROUTE, retryStateError } from './allowed-changes.ts';
import { createHidingStyles } from './hidden-controls.ts';
import { markFailedJobs } from './mark-failed-jobs.ts';
import { completeProgress, scrubDeep } from './presentation.ts';
import { QUEUE_VIEWS } from './queue-views.ts';
import { recordActions } from './record-actions.ts';
import { showAsFailed } from './show-as-failed.ts';

const PATH = '/queues';

interface DashboardDeps {
  engine: Engine;
  queues: Queues;
  pauses: PauseBook;
  clock: Clock;
  scrub: Scrub;
  auditor: Auditor;
  /** The colors and fonts of the pages. */
  theme: UITheme;
  /** The path of a script that the page runs first. */
  script: string;
}

/** Bull Board over every queue, below `/queues`. Its responses contain no secrets (I8). */
export async function registerDashboard(app: FastifyInstance, deps: DashboardDeps): Promise<void> {
  const server = new FastifyAdapter().setBasePath(PATH);
  const names = Object.keys(QUEUE_VIEWS) as (keyof Queues)[];
  const readState = async (queueName: string, jobId: string) => {
    const queue = names.find((name) => QUEUE[name] === queueName);
    if (!queue) return 'unknown';
    return QUEUE_VIEWS[queue].deadReason ? 'failed' : await deps.queues[queue].getJobState(jobId);
  };
  createBullBoard({
    queues: names.map((name) => createAdapter(deps, name)),
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'Darkroom',
        theme: deps.theme,
        hideDocsLink: true,
        // Of the embedded engine it shows a port that does not exist.
        hideRedisDetails: deps.engine.kind === 'pglite',
        miscLinks: [
          { text: 'Start page', url: '/' },
          { text: 'Dead letters', url: '/dead-letters' },
          { text: 'API reference', url: '/reference' },
          { text: 'Metrics', url: '/metrics' },
          { text: 'Sign out', url: '/sign-out' },
        ],
        sortQueues: false,
        dateFormats: { full: { dateStyle: 'medium', timeStyle: 'medium' } },
        pollingInterval: { showSetting: true },
      },
      handlerHooks: {
        before: async ({ method, route, request }) => {
          const { queueName, queueStatus, jobId } = request.params as Record<string, string | undefined>;
          const message = dashboardRequestError({ method, route, queueName, queueStatus });
          if (message !== undefined) return { allow: false, status: 403, message };
          if (route !== RETRY_JOB_ROUTE || !queueName || !jobId) return undefined;
          const conflict = retryStateError(await readState(queueName, jobId));
          return conflict === undefined ? undefined : { allow: false, status: 409, message: conflict };
        },
        after: async (_context, result) => {
          const body = await markFailedJobs(completeProgress(result.body), readState);
          return { ...result, body: scrubDeep(deps.scrub, body) as object };
        },
      },
    },
  });
  await app.register(
    async (scope) => {
      scope.addHook('onRoute', (route) => {
        const needs = [route.method].flat().every((one) => one === 'GET' || one === 'HEAD')
          ? 'overseer'
          : 'operator';
        route.config = { ...route.config, needs, isDashboard: true };
      });
      scope.addHook('onRequest', async (_request, reply) => {
        reply.headers(PAGE_HEADERS);
      });
      const styles = (isReadOnly: boolean) => `<style>${createHidingStyles(isReadOnly)}</style></head>`;
      scope.addHook('onSend', async ({ caller }, reply, payload) => {
        // Only the page: the answers of Bull Board's API contain prompts, in which any text can be.
        const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
        if (!isPage || typeof payload !== 'string') return payload;
        return payload
          .replace(FONT_LINK, `<script src="${deps.script}"></script>`)
          .replace('</head>', styles(!caller || !hasRole(caller, 'operator')));
      });
      recordActions(scope, deps);
      await scope.register(server.registerPlugin());
    },
    { prefix: PATH },
  );
}

function createAdapter({ engine, queues }: DashboardDeps, queue: keyof Queues): BullMQAdapter {
  const { description, name, data, link, changes, withoutWorkers = false, deadReason } = QUEUE_VIEWS[queue];
  const options = {
    description,
    allowRetries: changes.includes('retry'),
    readOnlyMode: changes.length === 0,
    // Bull Board's types do not declare it. A completed render must not run again.
    allowCompletedRetries: false,
    // Bull Board accepts `undefined` as "no link", although its types do not declare that.
    ...(link ? { externalJobUrl: (job: QueueJobJson) => link(job) as { href: string } } : {}),
  };
  const adapter = new BullMQAdapter(queues[queue], options);
  retryOnlyFailedJobs(adapter);
  hideRateLimit(adapter);
  // The embedded engine cannot list its workers.
  if (engine.kind === 'pglite' || withoutWorkers) adapter.getWorkers = () => Promise.resolve(null);
  if (name) adapter.setFormatter('name', name);
  if (data) adapter.setFormatter('data', data);
  if (deadReason) showAsFailed(adapter, deadReason);
  return adapter;
}

/** Bull Board retries a job in the state that it reads then. The job may have completed since the change was allowed. */
function retryOnlyFailedJobs(adapter: BullMQAdapter): void {
  const getJob = adapter.getJob.bind(adapter);
  adapter.getJob = async (id) => {
    const job = await getJob(id);
    if (!job) return job;
    const retry = job.retry.bind(job);
    // BullMQ rejects it for a job that is not failed.
    job.retry = () => retry('failed');
    return job;
  };
}

/** Bull Board shows a rate limit only as a button that lifts it. The provider's quota cannot be lifted (I9). */
function hideRateLimit(adapter: BullMQAdapter): void {
  Object.defineProperty(adapter, 'supportsGlobalRateLimit', { value: false });
  adapter.getActiveRateLimitTtl = async () => 0;
}

/** Bull Board loads fonts from the internet. An operator's machine may have no access to it. */
const FONT_LINK = /<link href="https:\/\/fonts\.[^>]*>/;

/** The dashboard's page runs its own scripts. It loads nothing from other hosts. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
};
