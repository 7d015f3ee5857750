import type { ObjectStore } from '@darkroom/shared/object-store';

const KEY = 'config/sample-run';

/**
 * The name of the sample catalogue, such as `samples`. It stays the same until fresh images are requested: a catalogue buys
 * only what it has not bought before. The store keeps it, because it outlives the queue.
 */
export async function readSampleName(store: ObjectStore, options: { fresh: boolean }): Promise<string> {
  const text = Buffer.from((await store.get(KEY)) ?? '1').toString('utf8');
  const last = Number(text.trim()) || 1;
  if (options.fresh) await store.put(KEY, String(last + 1), { contentType: 'text/plain' });
  const number = options.fresh ? last + 1 : last;
  return number === 1 ? 'samples' : `samples-${number}`;
}
