import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { QueueJobJson } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Engine } from '@darkroom/shared/engine';
import type { Queues } from '@darkroom/shared/queues';
import type { Scrub } from '@darkroom/shared/runtime';
import type { FastifyInstance } from 'fastify';
import { dashboardChangeError } from './allowed-changes.ts';
import {
  completeProgress,
  formatCancelName,
  formatDeadLetterData,
  formatDeadLetterName,
  formatRenderData,
  formatRenderName,
  formatStoreName,
  formatSubmitName,
  formatWebhookData,
  formatWebhookName,
  linkToPage,
  linkToRender,
} from './presentation.ts';
import { scrubDeep } from './scrub-deep.ts';

const PATH = '/queues';

interface QueueView {
  queue: keyof Queues;
  description: string;
  name?: (job: QueueJobJson) => string;
  data?: (data: unknown) => unknown;
  link?: (job: QueueJobJson) => { displayText: string; href: string } | undefined;
  retries: boolean;
}

const QUEUE_VIEWS: QueueView[] = [
  {
    queue: 'render',
    description: 'One job is one render, for its whole life',
    name: formatRenderName,
    data: formatRenderData,
    link: linkToPage,
    retries: true,
  },
  {
    queue: 'submit',
    description: 'Purchases on their way to the provider, inside its quota',
    name: formatSubmitName,
    link: linkToRender,
    retries: false,
  },
  {
    queue: 'store',
    description: 'Images on their way into the store',
    name: formatStoreName,
    link: linkToRender,
    retries: false,
  },
  {
    queue: 'deadLetter',
    description: 'Renders that ended badly: read why, then try the render again',
    name: formatDeadLetterName,
    data: formatDeadLetterData,
    link: linkToRender,
    retries: false,
  },
  {
    queue: 'webhook',
    description: 'Webhooks: one job tells one end of a render to one address',
    name: formatWebhookName,
    data: formatWebhookData,
    link: linkToPage,
    retries: true,
  },
  {
    queue: 'webhookDeadLetter',
    description: 'Webhooks that nobody took within a day: see why, then tell them again through the API',
    name: formatWebhookName,
    data: formatWebhookData,
    link: linkToPage,
    retries: false,
  },
  {
    queue: 'cancel',
    description: 'Renders that somebody wants to stop; a marker goes when its render has ended',
    name: formatCancelName,
    link: linkToPage,
    retries: false,
  },
  { queue: 'maintenance', description: 'Chores of the workers', retries: false },
];

/** What waits for a person, or is only looked at: that nobody works on it is no reason to worry. */
const UNATTENDED: (keyof Queues)[] = ['deadLetter', 'webhookDeadLetter', 'cancel'];

/** Bull Board over every queue, below `/queues`. Nothing that it answers holds a secret (I8). */
export async function registerDashboard(
  app: FastifyInstance,
  deps: { engine: Engine; queues: Queues; scrub: Scrub },
): Promise<void> {
  const server = new FastifyAdapter().setBasePath(PATH);
  createBullBoard({
    queues: QUEUE_VIEWS.map((look) => createAdapter(deps, look)),
    serverAdapter: server,
    options: {
      uiConfig: {
        boardTitle: 'Darkroom',
        hideDocsLink: true,
        miscLinks: [
          { text: 'Start page', url: '/' },
          { text: 'API reference', url: '/reference' },
          { text: 'Metrics', url: '/metrics' },
        ],
        sortQueues: false,
        dateFormats: { full: { dateStyle: 'medium', timeStyle: 'medium' } },
        pollingInterval: { showSetting: true },
      },
      handlerHooks: {
        before: ({ method, route, request }) => {
          const { queueName, queueStatus } = request.params as Record<string, string | undefined>;
          const message = dashboardChangeError({ method, route, queueName, queueStatus });
          return message === undefined ? undefined : { allow: false, status: 403, message };
        },
        after: (_context, result) => ({
          ...result,
          body: scrubDeep(deps.scrub, completeProgress(result.body)) as object,
        }),
      },
    },
  });
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', async (_request, reply) => {
        reply.headers(PAGE_HEADERS);
      });
      scope.addHook('onSend', async (_request, _reply, payload) =>
        typeof payload === 'string' ? payload.replace(FOREIGN_FONTS, '') : payload,
      );
      await scope.register(server.registerPlugin());
    },
    { prefix: PATH },
  );
}

function createAdapter(
  { engine, queues }: { engine: Engine; queues: Queues },
  look: QueueView,
): BullMQAdapter {
  const { link, name, data } = look;
  const options = {
    description: look.description,
    allowRetries: look.retries,
    // Not in its types, but it knows it: what is completed must not be rendered anew.
    allowCompletedRetries: false,
    // An absent link is no link: its types do not say so either.
    ...(link ? { externalJobUrl: (job: QueueJobJson) => link(job) as { href: string } } : {}),
  };
  const board = new BullMQAdapter(queues[look.queue], options);
  // The embedded engine does not know who works on it.
  const unknown = engine.kind === 'pglite' || UNATTENDED.includes(look.queue);
  if (unknown) board.getWorkers = () => Promise.resolve(null);
  if (name) board.setFormatter('name', name);
  if (data) board.setFormatter('data', data);
  return board;
}

/** Its page asks a font server on the internet; operators' machines may not, and need not. */
const FOREIGN_FONTS = /<link href="https:\/\/fonts\.[^>]*>/;

/** The dashboard is a page with scripts of its own; it loads nothing from elsewhere. */
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
