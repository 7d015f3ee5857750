import { type Settings, selectTenantValues } from '@darkroom/shared/config';
import { ensureObject, type ObjectStore } from '@darkroom/shared/object-store';
import { type Queues, type WebhookJob, webhookId, webhookJobOptions } from '@darkroom/shared/queues';
import { DATA_VERSION, hideUrl, type Receipt, type Reference } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';

/**
 * Enqueues the webhooks of one end of a render: one for the URL of the request, or else one for each URL of the tenant.
 * The receipt must be written before. A second call for the same end adds no job (I6).
 *
 * @param priorEnds how often the render had ended before.
 */
export async function enqueueWebhooks(
  deps: { queues: Queues; store: ObjectStore; settings: Settings; clock: Pick<Clock, 'now'> },
  receipt: Receipt,
  priorEnds: number,
  signal: AbortSignal,
): Promise<void> {
  const { renderId, tenant, status, finishedAt } = receipt;
  const targets = await findTargets(deps, receipt, signal);
  for (const [index, to] of targets.entries()) {
    const id = webhookId(renderId, status, priorEnds, index);
    const job: WebhookJob = { version: DATA_VERSION, renderId, tenant, status, to, endedAt: finishedAt };
    await deps.queues.webhook.add(status, job, webhookJobOptions(id));
  }
}

async function findTargets(
  { store, settings, clock }: { store: ObjectStore; settings: Settings; clock: Pick<Clock, 'now'> },
  { request, tenant }: Receipt,
  signal: AbortSignal,
): Promise<Reference[]> {
  if (request.webhook) return [request.webhook];
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
