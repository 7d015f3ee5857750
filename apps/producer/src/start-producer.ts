import type { AddressInfo } from 'node:net';
import { ConfigError, type Settings } from '@darkroom/shared/config';
import { Ledger } from '@darkroom/shared/ledger';
import { openQueues } from '@darkroom/shared/queues';
import { randomHex } from '@darkroom/shared/render';
import { createScrub } from '@darkroom/shared/runtime';
import { type ServiceContext } from '@darkroom/shared/service';
import { createSignedLinks, guardRoutes } from './access/index.ts';
import { createRenderQueue } from './backends/index.ts';
import { registerDashboard } from './dashboard/index.ts';
import { createMetrics, createReadiness, registerHealth } from './health/index.ts';
import { createDrain, createServer } from './http/index.ts';
import { createRenderList } from './lookup/index.ts';
import { collectOperations, registerOpenApi, registerReference } from './openapi/index.ts';
import { registerPages } from './pages/index.ts';
import { createRenderWatch } from './render-watch/index.ts';
import { registerRenders } from './renders/index.ts';
import {
  createBalanceReader,
  createUploadStore,
  errorHandlerFor,
  registerDropIn,
} from './toapis/drop-in/index.ts';
import { registerWebhooks } from './toapis/webhooks/index.ts';

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
  if (settings.API_KEYS.length === 0 && !isLoopback(settings.HOST)) throw missingKeysError(settings.HOST);
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  const queue = createRenderQueue(engine, queues);
  const ledger = new Ledger(store, clock);
  const metrics = createMetrics(queues);
  const scrub = createScrub(deps.secrets);

  const app = createServer({ settings, logger, clock, errorHandlerFor, onResponse: metrics.recordResponse });
  const close = createDrain(app, clock, settings.SHUTDOWN_TIMEOUT_MS);
  const links = createSignedLinks(store, clock);
  guardRoutes(app, { settings, engine, links });
  const describeApi = collectOperations(app);

  const newToken = () => randomHex(8);
  const uploads = createUploadStore(store, links, clock);
  const webhooks = { secrets: settings.WEBHOOK_SECRETS, allowPrivate: settings.ALLOW_PRIVATE_HOSTS };
  const intake = { queue, store, ledger, clock, newToken, uploads, webhooks };
  const creating = { intake, onIntake: metrics.recordIntake };
  const watch = createRenderWatch({ engine, clock });
  // Before the server waits for its answers: those that wait for a render are given now.
  app.addHook('preClose', async () => watch.close());
  const lookup = { queue, ledger };
  const list = createRenderList({
    lookup,
    store,
    clock,
    onUnreadable: (renderId, err) =>
      logger.error({ renderId, err }, 'a render that cannot be read is not listed'),
  });
  const reading = { lookup, store, links, watch, list, clock };
  registerDropIn(app, {
    intake: creating,
    look: reading,
    uploads,
    account: createBalanceReader(settings, clock),
  });
  registerRenders(app, creating, reading);
  registerWebhooks(app, listWebhookSecrets(settings), { queue, ledger, settings, now: () => clock.now() });
  registerHealth(app, { metrics, readiness: createReadiness({ queue, store, clock }) });
  registerOpenApi(app, describeApi);
  await registerReference(app);
  registerPages(app, { ...reading, queues, scrub, clock, keyless: settings.API_KEYS.length === 0 });
  await registerDashboard(app, { engine, queues, scrub });

  await app.listen({ host: settings.HOST, port: settings.PORT });
  const url = formatUrl(settings.HOST, (app.server.address() as AddressInfo).port);
  app.ownUrl.fallback = url;
  if (settings.API_KEYS.length === 0) {
    logger.info('No API_KEYS: everybody on this machine may do everything, nobody elsewhere can.');
  }
  return { url, close };
}

/** One secret, or the new and the old one while they are rotated. */
const listWebhookSecrets = (settings: Settings) =>
  (settings.TOAPIS_WEBHOOK_SECRET ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);

/** Whoever reaches an address without keys can spend money. */
const missingKeysError = (host: string) =>
  new ConfigError([
    {
      name: 'API_KEYS',
      expected: `at least one key, as HOST ${host} can be reached from other machines (make one with: pnpm new-key)`,
      received: 'nothing',
    },
  ]);

const isLoopback = (host: string) => /^(127\.|::1$|\[::1\]$|localhost$)/.test(host);

/** An address that works on this machine, also when all interfaces are bound. */
function formatUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
