import type { WebhookJob } from '@darkroom/shared/queues';
import type { Reference } from '@darkroom/shared/render';
import type { StageJob } from '../stage/stage.ts';
import type { NotifyDeps, NotifyOutcome } from './deps.ts';
import type { Slot } from './host-slots.ts';

/** Its receiver has enough under way: it comes again, and no try is counted. Told once, not at each return. */
export async function defer(
  job: StageJob<WebhookJob>,
  { clock, metrics }: NotifyDeps,
  { afterMs, underWay }: Extract<Slot, { kind: 'full' }>,
): Promise<NotifyOutcome> {
  const { data } = job;
  metrics.webhookWaits.inc();
  if (data.nextAttemptAt === undefined) {
    await job.note(`waits: its receiver has ${underWay} others under way`);
  }
  return { kind: 'wait', afterMs, data: { ...data, nextAttemptAt: clock.now() + afterMs } };
}

/** The host that a message goes to, as a job shows it: two very long ones that begin alike count as one. */
export function webhookHost(to: Reference): string {
  if (to.kind === 'url' && URL.canParse(to.url)) return new URL(to.url).host;
  return to.kind === 'stored-url' ? to.host : '';
}
