import { selectTenantValues } from '@darkroom/shared/config';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { type WebhookJob } from '@darkroom/shared/queues';
import { type Reference } from '@darkroom/shared/render';
import { backoffMs } from '../decide/index.ts';
import { isEngineTrouble } from '../engine-trouble.ts';
import type { StageJob } from '../stage.ts';
import type { NotifyDeps, NotifyOutcome } from './deps.ts';
import { bodyOf, headersOf } from './message.ts';
import { pauseAfter } from './schedule.ts';
import { hostOf, standBack } from './stand-back.ts';

const DONE: NotifyOutcome = { end: 'done', value: undefined };

/** One try to tell one URL of one end. A receiver may get a message twice; its id tells it so. */
export async function notifyStage(job: StageJob<WebhookJob>, deps: NotifyDeps): Promise<NotifyOutcome> {
  const place = deps.places.enter(hostOf(job.data.to), job);
  if (place.is === 'full') return await standBack(job, deps, place);
  try {
    return await tell(job, deps);
  } catch (error) {
    if (job.signal.aborted || isEngineTrouble(error)) throw error;
    if (error instanceof StoreError && (error.code === 'unavailable' || error.code === 'denied')) {
      deps.log.warn({ messageId: job.id, err: error.message }, 'store away, a webhook waits');
      const afterMs = backoffMs({ tries: 4, baseMs: 500, capMs: 5000, random: deps.clock.random() });
      return { end: 'wait', afterMs, data: job.data };
    }
    deps.log.error({ messageId: job.id, err: error }, 'a bug killed a webhook');
    return await bury(job, deps, `a bug: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    place.leave();
  }
}

async function tell(job: StageJob<WebhookJob>, deps: NotifyDeps): Promise<NotifyOutcome> {
  const { renderId, tenant, status, to } = job.data;
  const receipt = await deps.ledger.readReceipt(renderId, job.signal);
  if (!receipt) return bury(job, deps, 'the receipt of the render is gone from the store');
  if (receipt.status !== status) {
    await job.note(`superseded: the render is ${receipt.status} by now`);
    deps.metrics.webhooks.inc({ outcome: 'superseded' });
    return DONE;
  }
  const secrets = selectTenantValues(deps.settings.WEBHOOK_SECRETS, tenant);
  if (secrets.length === 0) {
    return bury(job, deps, `no secret to sign with: WEBHOOK_SECRETS has none for the tenant ${tenant}`);
  }
  const url = await urlOf(to, deps.store, job.signal);
  if (url === undefined) return bury(job, deps, 'its URL is gone from the store');

  const body = await bodyOf(job.data, receipt, deps, job.signal);
  const headers = headersOf(job.id, body, secrets, deps.clock.now());
  const answer = await deps.poster.post(new URL(url), { headers, body }, job.signal);
  // Told to stop: that is no verdict on the receiver.
  if (job.signal.aborted && answer.is !== 'taken') throw job.signal.reason;
  switch (answer.is) {
    case 'taken':
      await deps.notifyDeadLetters.remove(job.id);
      await job.note(`delivered: HTTP ${answer.status}`);
      deps.metrics.webhooks.inc({ outcome: 'delivered' });
      return DONE;
    case 'failed':
      return again(job, deps, answer.reason, answer.retryAfterMs);
    case 'gone':
      return bury(job, deps, answer.reason);
    // Also where a name resolves to a private address: one that does so once is not asked again for a day. Whoever
    // mended it has the message told again.
    case 'refused':
      return bury(job, deps, answer.reason);
  }
}

async function urlOf(to: Reference, store: ObjectStore, signal: AbortSignal): Promise<string | undefined> {
  if (to.kind === 'url') return to.url;
  const bytes = await store.get(to.key, { signal });
  return bytes && Buffer.from(bytes).toString('utf8');
}

async function again(
  job: StageJob<WebhookJob>,
  deps: NotifyDeps,
  why: string,
  hintMs: number | undefined,
): Promise<NotifyOutcome> {
  const { clock, metrics } = deps;
  const afterMs = pauseAfter({ tries: job.attemptsMade + 1, random: clock.random(), hintMs });
  if (afterMs === undefined) return bury(job, deps, why);
  const reason = forPeople(deps, why);
  metrics.webhooks.inc({ outcome: 'failed' });
  await job.note(`not taken: ${reason}`);
  await job.save({ ...job.data, lastError: reason, nextAttemptAt: clock.now() + afterMs });
  return { end: 'retry', afterMs, reason };
}

/** Nobody took it and nobody will by itself: a dead letter, which waits for a person. */
async function bury(job: StageJob<WebhookJob>, deps: NotifyDeps, why: string): Promise<NotifyOutcome> {
  const reason = forPeople(deps, why);
  const { nextAttemptAt: _, ...rest } = job.data;
  const data = { ...rest, lastError: reason };
  await job.note(`given up: ${reason}`);
  await job.save(data);
  await deps.notifyDeadLetters.put(job.id, {
    ...data,
    attempts: job.attemptsMade + 1,
    diedAt: deps.clock.now(),
  });
  deps.metrics.webhooks.inc({ outcome: 'dead' });
  deps.metrics.webhookDeadLetters.inc();
  deps.log.warn({ messageId: job.id, renderId: data.renderId, reason }, 'webhook dead-lettered');
  return { end: 'dead', failure: { code: 'webhook_not_delivered', message: reason, chain: [] } };
}

const LONGEST_REASON = 200;

const forPeople = ({ scrub }: NotifyDeps, text: string) => scrub(text).slice(0, LONGEST_REASON);
