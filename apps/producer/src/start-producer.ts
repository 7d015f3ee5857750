import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import {
  ConfigError,
  createScrub,
  Ledger,
  openQueues,
  type ServiceParts,
  type Settings,
} from '@darkroom/shared';
import { guard, signedLinks } from './access/index.ts';
import { createRenderQueue } from './backends/index.ts';
import { dashboardRoutes } from './dashboard/index.ts';
import { createMetrics, createReadiness, healthRoutes } from './health/index.ts';
import { createServer, drainable } from './http/index.ts';
import { describeRoutes, openApiRoute } from './openapi/index.ts';
import { homeRoute } from './pages/index.ts';
import { providerWebhooks } from './provider-webhooks/index.ts';
import { rendersRoutes } from './renders/index.ts';

/** Engine and store are the caller's: the producer does not close them. */
export type ProducerDeps = ServiceParts;

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

  const app = createServer({ settings, logger, clock, onAnswer: metrics.answered });
  const close = drainable(app, clock, settings.SHUTDOWN_TIMEOUT_MS);
  const links = signedLinks(store, clock);
  guard(app, { settings, engine, links });
  const describeApi = describeRoutes(app);

  const newToken = () => randomBytes(12).toString('base64url');
  const intake = { door: { queue, store, ledger, clock, newToken }, onIntake: metrics.intake };
  const look = { archive: { queue, ledger }, store, links };
  rendersRoutes(app, intake, look);
  providerWebhooks(app, webhookSecretsOf(settings), { queue, ledger, settings, now: () => clock.now() });
  healthRoutes(app, { metrics, readiness: createReadiness({ queue, store, clock }) });
  openApiRoute(app, describeApi);
  homeRoute(app);
  await dashboardRoutes(app, { queues, scrub });

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
      got: 'nothing',
    },
  ]);

const isLoopback = (host: string) => /^(127\.|::1$|\[::1\]$|localhost$)/.test(host);

/** An address that works on this machine, also when all interfaces are bound. */
function addressOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
