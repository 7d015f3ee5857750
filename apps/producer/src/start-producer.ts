import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createScrub, Ledger, openQueues, type ServiceParts, type Settings } from '@darkroom/shared';
import { createRenderQueue } from './backends/index.ts';
import { dashboardRoutes } from './dashboard/index.ts';
import { createMetrics, createReadiness, healthRoutes } from './health/index.ts';
import { createServer, drainable, homeRoute, renderRoutes, rendersRoutes } from './http/index.ts';
import { providerWebhooks } from './provider-webhooks/index.ts';

/** Engine and store are the caller's: the producer does not close them. */
export type ProducerDeps = ServiceParts;

export interface RunningProducer {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Takes no more requests, lets running ones finish. Idempotent. */
  close(): Promise<void>;
}

/** Until callers have keys, everybody is this one. */
const TENANT = 'default';

/** Starts the HTTP API and the dashboard. */
export async function startProducer(deps: ProducerDeps): Promise<RunningProducer> {
  const { settings, engine, store, logger, clock } = deps;
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  const queue = createRenderQueue(engine, queues);
  const ledger = new Ledger(store, clock);
  const metrics = createMetrics(queues);
  const scrub = createScrub(deps.secrets);

  const app = createServer({ settings, logger, clock, onAnswer: metrics.answered });
  const close = drainable(app, clock, settings.SHUTDOWN_TIMEOUT_MS);
  let url = '';
  const ownUrl = () => url;
  const tenantOf = () => TENANT;
  const newToken = () => randomBytes(12).toString('base64url');
  rendersRoutes(app, {
    door: { queue, store, ledger, clock, newToken },
    tenantOf,
    ownUrl,
    onIntake: metrics.intake,
  });
  providerWebhooks(app, webhookSecretsOf(settings), { queue, ledger, settings, now: () => clock.now() });
  renderRoutes(app, { archive: { queue, ledger }, store, tenantOf, ownUrl });
  healthRoutes(app, { metrics, readiness: createReadiness({ queue, store, clock }) });
  homeRoute(app, ownUrl);
  await dashboardRoutes(app, { queues, scrub });

  await app.listen({ host: settings.HOST, port: settings.PORT });
  url = addressOf(settings.HOST, (app.server.address() as AddressInfo).port);
  if (!isLoopback(settings.HOST)) {
    logger.warn(
      { host: settings.HOST },
      'The API and the dashboard have no keys yet: whoever reaches this address can spend money. Keep it behind something that asks who calls.',
    );
  }
  return { url, close };
}

/** One secret, or the new and the old one while they are rotated. */
const webhookSecretsOf = (settings: Settings) =>
  (settings.TOAPIS_WEBHOOK_SECRET ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);

const isLoopback = (host: string) => /^(127\.|::1$|\[::1\]$|localhost$)/.test(host);

/** An address that works on this machine, also when all interfaces are bound. */
function addressOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
