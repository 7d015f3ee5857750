import { createJournalWriter } from '@darkroom/shared/journal';
import { renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, type JobRequest, serializeCheckpoint } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { connectAdmin } from '@darkroom/testkit';
import { type Harness, newCheckpoint } from './harness.ts';

export type AcceptedRequest = Partial<JobRequest> & Partial<Pick<Checkpoint, 'createdAt'>>;

/** Writes one journal entry for these renders, as a bulk call does. Adds none to the queue. */
export async function writeJournal(harness: Harness, requests: AcceptedRequest[]): Promise<Checkpoint[]> {
  const checkpoints = requests.map((request) => newCheckpoint(request, Date.now()));
  await journalCheckpoints(harness, checkpoints);
  return checkpoints;
}

async function journalCheckpoints({ store }: Harness, checkpoints: readonly Checkpoint[]): Promise<void> {
  const writer = createJournalWriter({
    put: (key, body) => store.put(key, body, { contentType: 'application/json' }),
    remove: (key) => store.delete(key),
    onUnwritten: () => undefined,
    clock: systemClock,
    waitMs: 0,
  });
  await writer.append(checkpoints.map(serializeCheckpoint));
}

/** Accepts renders as the producer does: the journal first, then the queue. @returns their ids */
export async function acceptRenders(
  harness: Harness,
  requests: AcceptedRequest[],
  tenant = 'default',
): Promise<string[]> {
  const checkpoints = requests.map((request) => ({ ...newCheckpoint(request, Date.now()), tenant }));
  await journalCheckpoints(harness, checkpoints);
  await harness.queues.render.addBulk(checkpoints.map(renderJob));
  return checkpoints.map(({ renderId }) => renderId);
}

/** Deletes all keys of the harness from Redis in one step, as FLUSHALL does. */
export async function emptyQueue({ settings, prefix }: Harness): Promise<void> {
  const redis = connectAdmin({ url: settings.QUEUE_URL as string });
  const script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
  await redis.eval(script, 0, `{${prefix}}*`);
}
