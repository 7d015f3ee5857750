import type { AddressInfo } from 'node:net';
import { ConfigError, type Settings } from '@darkroom/shared/config';
import { Ledger } from '@darkroom/shared/ledger';
import { openQueues } from '@darkroom/shared/queues';
import { randomHex } from '@darkroom/shared/render';
import { createScrub } from '@darkroom/shared/runtime';
import { type ServiceContext } from '@darkroom/shared/service';
import { guard, signedLinks } from './access/index.ts';
import { createRenderQueue } from './backends/index.ts';
import { dashboardRoutes } from './dashboard/index.ts';
import { createMetrics, createReadiness, healthRoutes } from './health/index.ts';
import { createServer, drainable } from './http/index.ts';
import { createListRenders } from './lookup/index.ts';
import { describeRoutes, openApiRoute, referenceRoutes } from './openapi/index.ts';
import { pagesRoutes } from './pages/index.ts';
import { createFollowing } from './render-watch/index.ts';
import { rendersRoutes } from './renders/index.ts';
import { accountOf, createUploads, dropInRoutes, refusalsBelow } from './toapis/drop-in/index.ts';
import { providerWebhooks } from './toapis/webhooks/index.ts';

/** Engine and store are the caller's: the producer does not close them. */
export type ProducerDeps = ServiceContext;

export interface RunningProducer {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Takes no more requests, lets running ones finish. Idempotent. */
  close(): Promise<void>;
}

/** Starts the HTTP API and the dashboard. */
export async function startProducer(deps: ProducerDeps): Promise<RunningProducer> {
  const { settings, engine, store, logger, clock } = deps;
  if (settings.API_KEYS.length === 0 && !isLoopback(settings.HOST)) throw withoutKeys(settings.HOST);
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  const queue = createRenderQueue(engine, queues);
  const ledger = new Ledger(store, clock);
  const metrics = createMetrics(queues);
  const scrub = createScrub(deps.secrets);

  const app = createServer({ settings, logger, clock, refusalsBelow, onAnswer: metrics.answered });
  const close = drainable(app, clock, settings.SHUTDOWN_TIMEOUT_MS);
  const links = signedLinks(store, clock);
  guard(app, { settings, engine, links });
  const describeApi = describeRoutes(app);

  const newToken = () => randomHex(8);
  const uploads = createUploads(store, links, clock);
  const webhooks = { secrets: settings.WEBHOOK_SECRETS, allowPrivate: settings.ALLOW_PRIVATE_HOSTS };
  const door = { queue, store, ledger, clock, newToken, uploads, webhooks };
  const intake = { door, onIntake: metrics.intake };
  const following = createFollowing({ engine, clock });
  // Before the server waits for its answers: those that wait for a render are given now.
  app.addHook('preClose', async () => following.close());
  const archive = { queue, ledger };
  const list = createListRenders({
    archive,
    store,
    clock,
    onUnreadable: (renderId, err) =>
      logger.error({ renderId, err }, 'a render that cannot be read is not listed'),
  });
  const look = { archive, store, links, following, list, clock };
  dropInRoutes(app, { intake, look, uploads, account: accountOf(settings, clock) });
  rendersRoutes(app, intake, look);
  providerWebhooks(app, webhookSecretsOf(settings), { queue, ledger, settings, now: () => clock.now() });
  healthRoutes(app, { metrics, readiness: createReadiness({ queue, store, clock }) });
  openApiRoute(app, describeApi);
  await referenceRoutes(app);
  pagesRoutes(app, { ...look, queues, scrub, clock, keyless: settings.API_KEYS.length === 0 });
  await dashboardRoutes(app, { engine, queues, scrub });

  await app.listen({ host: settings.HOST, port: settings.PORT });
  const url = addressOf(settings.HOST, (app.server.address() as AddressInfo).port);
  app.ownUrl.fallback = url;
  if (settings.API_KEYS.length === 0) {
    logger.info('No API_KEYS: everybody on this machine may do everything, nobody elsewhere can.');
  }
  return { url, close };
}

/** One secret, or the new and the old one while they are rotated. */
const webhookSecretsOf = (settings: Settings) =>
  (settings.TOAPIS_WEBHOOK_SECRET ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);

/** Whoever reaches an address without keys can spend money. */
const withoutKeys = (host: string) =>
  new ConfigError([
    {
      name: 'API_KEYS',
      expected: `at least one key, as HOST ${host} can be reached from other machines (make one with: pnpm new-key)`,
      received: 'nothing',
    },
  ]);

const isLoopback = (host: string) => /^(127\.|::1$|\[::1\]$|localhost$)/.test(host);

/** An address that works on this machine, also when all interfaces are bound. */
function addressOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
