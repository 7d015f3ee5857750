/** On Redis a job is the key `<prefix>:<queue>:<id>`, next to these of the queue itself. */
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
 * Why BullMQ cannot take this id for a job, or nothing when it can. It refuses the first two itself; a job
 * called like a key of its queue breaks the queue.
 */
export function jobIdProblem(id: string): string | undefined {
  if (id === '') return 'it is empty';
  if (id.includes(':')) return 'it has a colon in it';
  if (/^\d+$/.test(id)) return 'it is a number';
  if (RESERVED_NAMES.has(id)) return `"${id}" is a name that the queue uses itself`;
  return undefined;
}
