import type { ObjectStore } from '@darkroom/shared/object-store';

const KEY = 'config/sample-run';

/**
 * The name of the sample run, such as `sample-1`. It stays the same until a fresh run is requested: an interrupted run
 * continues with the same renders and buys nothing twice. The store keeps it, because it outlives the queue.
 */
export async function readSampleRun(store: ObjectStore, options: { fresh: boolean }): Promise<string> {
  const text = Buffer.from((await store.get(KEY)) ?? '1').toString('utf8');
  const last = Number(text.trim()) || 1;
  if (!options.fresh) return `sample-${last}`;
  await store.put(KEY, String(last + 1), { contentType: 'text/plain' });
  return `sample-${last + 1}`;
}
