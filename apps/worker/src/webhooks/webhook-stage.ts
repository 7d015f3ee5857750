import { CatalogueRunStore } from '@darkroom/catalogue';
import { selectTenantValues } from '@darkroom/shared/config';
import type { LinkSigner } from '@darkroom/shared/keys';
import { isStoreAway, type ObjectStore } from '@darkroom/shared/object-store';
import type { AnyWebhookDeadLetter, AnyWebhookJob } from '@darkroom/shared/queues';
import type { Reference } from '@darkroom/shared/render';
import { RunStore } from '@darkroom/shared/runs';
import { errorMessage } from '@darkroom/shared/runtime';
import { createHeaders, nextWebhookDelay, type Poster } from '@darkroom/shared/webhooks';
import { createSituation, decide } from '../decide/index.ts';
import {
  type Infra,
  mustHandBack,
  type StageFailure,
  type StageJob,
  type StageOutcome,
} from '../stage/index.ts';
import { findHost, type HostSlots, type Slot } from './host-slots.ts';
import { createBody, createCatalogueBody, createRunBody } from './webhook-message.ts';

/** What the webhook stage alone needs. */
export interface WebhookDeps {
  /** Signs links to the API, for stores that cannot sign URLs. */
  links: LinkSigner;
  poster: Poster;
  slots: HostSlots;
  deadLetters: {
    put(id: string, letter: AnyWebhookDeadLetter): Promise<void>;
    remove(id: string): Promise<void>;
  };
}

type WebhookOutcome = StageOutcome<void, AnyWebhookJob, StageFailure>;

interface WebhookContext {
  job: StageJob<AnyWebhookJob>;
  infra: Infra;
  own: WebhookDeps;
}

const DONE: WebhookOutcome = { kind: 'done', value: undefined };

/** One try to deliver one webhook. A receiver may get a webhook twice, under the same id. */
export async function webhookStage(
  job: StageJob<AnyWebhookJob>,
  infra: Infra,
  own: WebhookDeps,
): Promise<WebhookOutcome> {
  const context = { job, infra, own };
  const slot = own.slots.acquire(findHost(job.data.to), job);
  if (slot.kind === 'full') return await deferWebhook(context, slot);
  try {
    return await deliver(context);
  } catch (error) {
    if (job.signal.aborted || mustHandBack(error)) throw error;
    if (isStoreAway(error)) {
      infra.log.warn({ webhookId: job.id, err: error.message }, 'store away: webhook waits');
      const decision = decide({ kind: 'store_away' }, createSituation(infra, { tries: 1 }));
      if (decision.kind === 'wait') return { kind: 'wait', afterMs: decision.afterMs, data: job.data };
    }
    infra.log.error({ webhookId: job.id, err: error }, 'webhook failed: unexpected error');
    return await buryWebhook(context, `unexpected error: ${errorMessage(error)}`);
  } finally {
    slot.release();
  }
}

/** The host has no free slot: the webhook waits, and no try is counted. Only the first deferral is noted. */
async function deferWebhook(
  { job, infra }: WebhookContext,
  { afterMs, inFlight }: Extract<Slot, { kind: 'full' }>,
): Promise<WebhookOutcome> {
  const { data } = job;
  infra.metrics.webhookWaits.inc();
  if (data.nextAttemptAt === undefined) {
    await job.note(`waits: ${inFlight} other webhooks to its host are in flight`);
  }
  return { kind: 'wait', afterMs, data: { ...data, nextAttemptAt: infra.clock.now() + afterMs } };
}

async function deliver(context: WebhookContext): Promise<WebhookOutcome> {
  const { job, infra, own } = context;
  const { tenant, to } = job.data;
  const { settings, metrics, clock } = infra;
  const content = await createContent(context);
  if (content.kind === 'gone') return buryWebhook(context, content.reason);
  if (content.kind === 'superseded') {
    await job.note(`superseded: ${content.reason}`);
    metrics.webhooks.inc({ outcome: 'superseded' });
    return DONE;
  }
  const secrets = selectTenantValues(settings.WEBHOOK_SECRETS, tenant);
  if (secrets.length === 0) {
    return buryWebhook(context, `no secret to sign with: WEBHOOK_SECRETS has none for the tenant ${tenant}`);
  }
  const url = await resolveUrl(to, infra.store, job.signal);
  if (url === undefined) return buryWebhook(context, 'its URL is gone from the store');

  const { body } = content;
  const headers = createHeaders(job.id, body, secrets, clock.now());
  const answer = await own.poster.post(new URL(url), { headers, body }, job.signal);
  // The worker is shutting down: that says nothing about the receiver.
  if (job.signal.aborted && answer.kind !== 'acknowledged') throw job.signal.reason;
  switch (answer.kind) {
    case 'acknowledged':
      await own.deadLetters.remove(job.id);
      await job.note(`delivered: HTTP ${answer.status}`);
      metrics.webhooks.inc({ outcome: 'delivered' });
      return DONE;
    case 'failed':
      return retryOrBury(context, answer.reason, answer.retryAfterMs);
    case 'gone':
      return buryWebhook(context, answer.reason);
    // Also for a name that resolves to a private address. It is not retried for a day: after fixing the receiver, an
    // operator redelivers.
    case 'refused':
      return buryWebhook(context, answer.reason);
  }
}

type Content =
  | { kind: 'body'; body: string }
  | { kind: 'gone'; reason: string }
  | { kind: 'superseded'; reason: string };

/** What the webhook says: from the receipt of the render, the record of the end of the run, or the summary of the run of a catalogue. */
async function createContent({ job, infra, own }: WebhookContext): Promise<Content> {
  const { data, signal } = job;
  if ('catalogue' in data) {
    const summary = await new CatalogueRunStore(infra.store).readSummary(data, { signal });
    if (!summary) return { kind: 'gone', reason: 'the summary of the run is gone from the store' };
    return { kind: 'body', body: createCatalogueBody(summary, infra.settings) };
  }
  if ('run' in data) {
    const { run, tenant, end } = data;
    const runs = new RunStore(infra.store);
    const [record, lastEnd] = await Promise.all([
      runs.readRun({ tenant, id: run }, { signal }),
      runs.readEnd({ tenant, id: run }, end, { signal }),
    ]);
    if (!record || !lastEnd) return { kind: 'gone', reason: 'the record of the run is gone from the store' };
    const ended = { ...record, lastEnd, isOpen: false };
    return { kind: 'body', body: createRunBody(data, ended, infra.settings) };
  }
  const { renderId, status } = data;
  const receipt = await infra.ledger.readReceipt(renderId, signal);
  if (!receipt) return { kind: 'gone', reason: 'the receipt of the render is gone from the store' };
  if (receipt.status !== status)
    return { kind: 'superseded', reason: `the render is ${receipt.status} by now` };
  return { kind: 'body', body: await createBody(data, receipt, { ...infra, links: own.links }, signal) };
}

async function resolveUrl(
  to: Reference,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (to.kind === 'url') return to.url;
  const bytes = await store.get(to.key, { signal });
  return bytes && Buffer.from(bytes).toString('utf8');
}

async function retryOrBury(
  context: WebhookContext,
  error: string,
  hintMs: number | undefined,
): Promise<WebhookOutcome> {
  const { job, infra } = context;
  const { clock, metrics } = infra;
  const afterMs = nextWebhookDelay({ tries: job.attemptsMade + 1, random: clock.random(), hintMs });
  if (afterMs === undefined) return buryWebhook(context, error);
  const reason = scrubAndShorten(infra, error);
  metrics.webhooks.inc({ outcome: 'failed' });
  await job.note(`not acknowledged: ${reason}`);
  await job.save({ ...job.data, lastError: reason, nextAttemptAt: clock.now() + afterMs });
  return { kind: 'retry', afterMs, reason };
}

/** No further try is made. The dead letter waits for an operator. */
async function buryWebhook(context: WebhookContext, error: string): Promise<WebhookOutcome> {
  const { job, infra, own } = context;
  const reason = scrubAndShorten(infra, error);
  const { nextAttemptAt: _, ...rest } = job.data;
  const data = { ...rest, lastError: reason };
  await job.note(`given up: ${reason}`);
  await job.save(data);
  await own.deadLetters.put(job.id, {
    ...data,
    attempts: job.attemptsMade + 1,
    diedAt: infra.clock.now(),
  });
  infra.metrics.webhooks.inc({ outcome: 'dead' });
  infra.metrics.webhookDeadLetters.inc();
  infra.log.warn(
    { webhookId: job.id, ...('run' in data ? { run: data.run } : { renderId: data.renderId }), reason },
    'webhook failed: dead letter written',
  );
  return { kind: 'dead', failure: { code: 'webhook_not_delivered', message: reason, chain: [] } };
}

const MAX_REASON = 200;

const scrubAndShorten = ({ scrub }: Infra, text: string) => scrub(text).slice(0, MAX_REASON);
