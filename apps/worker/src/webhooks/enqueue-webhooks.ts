import { type Settings, selectTenantValues } from '@darkroom/shared/config';
import type { RunRef } from '@darkroom/shared/engine';
import { ensureObject, type ObjectStore } from '@darkroom/shared/object-store';
import {
  type CatalogueWebhookJob,
  catalogueWebhookId,
  type Queues,
  type RunWebhookJob,
  runWebhookId,
  type WebhookJob,
  webhookId,
  webhookJobOptions,
} from '@darkroom/shared/queues';
import { DATA_VERSION, hideUrl, packUrl, type Receipt, type Reference } from '@darkroom/shared/render';
import { type RunEnd, RunStore } from '@darkroom/shared/runs';
import type { Clock } from '@darkroom/shared/runtime';

/**
 * Enqueues the webhooks of one end of a render: one for the URL of the request, or else one for each URL of the tenant.
 * The receipt must be written before. A second call for the same end adds no job (I6).
 */
export async function enqueueWebhooks(
  deps: { queues: Queues; store: ObjectStore; settings: Settings; clock: Pick<Clock, 'now'> },
  receipt: Receipt,
  signal: AbortSignal,
): Promise<void> {
  const { renderId, tenant, status, finishedAt, priorEnds = 0 } = receipt;
  const targets = await findTargets(deps, { tenant, webhook: receipt.request.webhook }, signal);
  for (const [index, to] of targets.entries()) {
    const id = webhookId(renderId, status, priorEnds, index);
    const job: WebhookJob = { version: DATA_VERSION, renderId, tenant, status, to, endedAt: finishedAt };
    await deps.queues.webhook.add(status, job, webhookJobOptions(id));
  }
}

/**
 * Enqueues the webhooks of one end of a run: one for its own URL, or else one for each URL of the tenant. The record of the
 * end must be written before. A second call for the same end adds no job (I6).
 */
export async function enqueueRunWebhooks(
  deps: { queues: Queues; store: ObjectStore; settings: Settings; clock: Pick<Clock, 'now'> },
  { tenant, id }: RunRef,
  { end, endedAt }: RunEnd,
  signal: AbortSignal,
): Promise<void> {
  const definition = await new RunStore(deps.store).readDefinition({ tenant, id }, { signal });
  const targets = await findTargets(deps, { tenant, webhook: definition?.webhook }, signal);
  for (const [index, to] of targets.entries()) {
    const job: RunWebhookJob = {
      version: DATA_VERSION,
      tenant,
      run: id,
      end,
      status: 'finished',
      to,
      endedAt,
    };
    const webhook = runWebhookId(tenant, id, end, index);
    await deps.queues.webhook.add('run.finished', job, webhookJobOptions(webhook));
  }
}

/**
 * Enqueues the webhook about the end of a run of a catalogue, whose file has a URL. The summary must be written before. A
 * second call for the same run adds no job (I6).
 */
export async function enqueueCatalogueWebhook(
  {
    queues,
    store,
    clock,
  }: { queues: Pick<Queues, 'webhook'>; store: ObjectStore; clock: Pick<Clock, 'now'> },
  { tenant, catalogue, run, endedAt }: { tenant: string; catalogue: string; run: string; endedAt: number },
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const { reference: to, input } = packUrl(new URL(url));
  if (input) {
    const { contentType, ...object } = input;
    await ensureObject(store, object, { contentType, signal, now: clock.now() });
  }
  const job: CatalogueWebhookJob = {
    version: DATA_VERSION,
    tenant,
    catalogue,
    run,
    status: 'finished',
    to,
    endedAt,
  };
  const id = catalogueWebhookId(tenant, catalogue, run);
  await queues.webhook.add('catalogue.finished', job, webhookJobOptions(id));
}

/** How many webhooks report an end of this render. */
export const countWebhooks = (settings: Settings, { request, tenant }: Receipt): number =>
  request.webhook ? 1 : selectTenantValues(settings.WEBHOOK_URLS, tenant).length;

async function findTargets(
  { store, settings, clock }: { store: ObjectStore; settings: Settings; clock: Pick<Clock, 'now'> },
  { webhook, tenant }: { webhook: Reference | undefined; tenant: string },
  signal: AbortSignal,
): Promise<Reference[]> {
  if (webhook) return [webhook];
  const references: Reference[] = [];
  for (const url of selectTenantValues(settings.WEBHOOK_URLS, tenant)) {
    // WEBHOOK_URLS is a secret setting, so the job must not show the URL (I8).
    const { reference, input } = hideUrl(new URL(url));
    const { contentType, ...object } = input;
    await ensureObject(store, object, { contentType, signal, now: clock.now() });
    references.push(reference);
  }
  return references;
}
