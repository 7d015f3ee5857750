/** On Redis, a job is the key `<prefix>:<queue>:<id>`. The queue itself uses these names in place of an id. */
const RESERVED_NAMES = new Set([
  'active',
  'completed',
  'de',
  'delayed',
  'events',
  'failed',
  'id',
  'limiter',
  'marker',
  'meta',
  'metrics',
  'paused',
  'pc',
  'prioritized',
  'repeat',
  'stalled',
  'stalled-check',
  'wait',
  'waiting-children',
]);

/**
 * Why BullMQ cannot take this id for a job, or `undefined` when it can. BullMQ itself refuses ids with a colon and
 * numbers. It accepts the name of a key of the queue, which breaks the queue.
 */
export function jobIdProblem(id: string): string | undefined {
  if (id === '') return 'it is empty';
  if (id.includes(':')) return 'it contains a colon';
  if (/^\d+$/.test(id)) return 'it is a number';
  if (RESERVED_NAMES.has(id)) return `"${id}" is reserved by the queue`;
  return undefined;
}
