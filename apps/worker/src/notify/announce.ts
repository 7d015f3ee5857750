import { type Settings, valuesOfTenant } from '@darkroom/shared/config';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Queues, type WebhookJob, webhookId } from '@darkroom/shared/queues';
import { DATA_VERSION, hideUrl, type Receipt, type Reference } from '@darkroom/shared/render';
import { webhookJobOptions } from '../../../producer/src/backends/webhook-deliveries.ts';

/**
 * Puts an end of a render into the queue `notify`, once for each URL that is to be told: the render's own, or else its
 * tenant's. The receipt must be written before. Told twice it is one message (I6).
 *
 * @param end how often the render had ended before.
 */
export async function announce(
  deps: { queues: Queues; store: ObjectStore; settings: Settings },
  receipt: Receipt,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  const { renderId, tenant, status, finishedAt } = receipt;
  const targets = await targetsOf(deps, receipt, signal);
  for (const [index, to] of targets.entries()) {
    const id = webhookId(renderId, status, end, index);
    const job: WebhookJob = { version: DATA_VERSION, renderId, tenant, status, to, endedAt: finishedAt };
    await deps.queues.webhook.add(status, job, webhookJobOptions(id));
  }
}

async function targetsOf(
  { store, settings }: { store: ObjectStore; settings: Settings },
  { request, tenant }: Receipt,
  signal: AbortSignal,
): Promise<Reference[]> {
  if (request.webhook) return [request.webhook];
  const references: Reference[] = [];
  for (const url of valuesOfTenant(settings.WEBHOOK_URLS, tenant)) {
    // A setting that is never shown is not shown by a job either.
    const { reference, input } = hideUrl(new URL(url));
    if (!(await store.head(input.key, { signal }))) {
      await store.put(input.key, input.body, { contentType: input.contentType, signal });
    }
    references.push(reference);
  }
  return references;
}
