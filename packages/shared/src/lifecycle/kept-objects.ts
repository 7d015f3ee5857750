import type { Settings } from '../config/index.ts';

/** The objects below one prefix of the store. docs/operations.md has the same list for operators. */
export interface KeptObjects {
  prefix: string;
  /** Objects of this age in days may be deleted. `Infinity`: never. */
  minDays: number;
  /** The sizes of the objects in bytes, at most. Rules may match by size. */
  minBytes: number;
  maxBytes: number;
  /** What happens when they are deleted earlier, for people. */
  consequence: string;
}

/** Failed renders stay in the queue, and can be redriven, for this many times `RETENTION_DAYS`. */
const FAILED_RETENTION = 4;
/** Webhooks are sent for about a day, and their links work for an hour after that. */
const WEBHOOK_DAYS = 2;
/** Callers use an upload right after they have made it. Rules delete at midnight UTC. */
const UPLOAD_DAYS = 2;
/** Reconciliation looks back so far, and one day more. */
const BALANCE_DAYS = 36;

const RECORD = { minBytes: 1, maxBytes: 1_048_576 };
const EMPTY = { minBytes: 0, maxBytes: 0 };
const IMAGE = { minBytes: 1, maxBytes: Number.POSITIVE_INFINITY };
const NEVER = Number.POSITIVE_INFINITY;

/** What must stay in the store. */
export function listKeptObjects({
  RETENTION_DAYS,
  IMAGE_KEY,
}: Pick<Settings, 'RETENTION_DAYS' | 'IMAGE_KEY'>): KeptObjects[] {
  const queueDays = RETENTION_DAYS * FAILED_RETENTION;
  const records: [prefix: string, consequence: string][] = [
    ['ledger/', 'a render can be bought a second time'],
    ['renders/', 'an old idempotency key buys again, and an ended render is not found'],
    ['intake/', 'accepted renders are lost if the queue loses its data'],
    ['budgets/', 'the limits that operators set are gone, and renders are bought without them'],
    ['config/', 'all signed links and sessions stop working'],
    ['access/', 'API keys that were made at run time stop working, or work again after they were revoked'],
  ];
  return [
    ...records.map(([prefix, consequence]) => ({ prefix, minDays: NEVER, ...RECORD, consequence })),
    {
      prefix: 'control/',
      minDays: NEVER,
      ...RECORD,
      minBytes: 0,
      consequence:
        'pauses, limits and drains of operators end by themselves, and paused renders and canceled runs are bought',
    },
    {
      prefix: 'open-runs/',
      minDays: NEVER,
      ...EMPTY,
      consequence: 'runs do not finish',
    },
    {
      prefix: 'dead-letters/',
      minDays: NEVER,
      ...EMPTY,
      consequence: 'dead letters are lost if the queue loses its data',
    },
    {
      prefix: 'catalogues/',
      minDays: NEVER,
      ...IMAGE,
      minBytes: 0,
      consequence:
        'every image of a catalogue is bought again, reports lose their images, and reviews are lost',
    },
    {
      prefix: 'open-catalogue-runs/',
      minDays: NEVER,
      ...EMPTY,
      consequence: 'runs of catalogues stop if the queue loses its data',
    },
    {
      prefix: 'open-batches/',
      minDays: NEVER,
      ...EMPTY,
      consequence: 'batches stop if the queue loses its data',
    },
    {
      prefix: 'audit/',
      minDays: queueDays,
      ...RECORD,
      consequence: 'it is not known who changed a render that can still be redriven',
    },
    {
      prefix: 'redrives/',
      minDays: queueDays,
      ...RECORD,
      minBytes: 0,
      consequence: 'running redrives stop, and ended ones are missing from lists',
    },
    {
      prefix: 'runs/',
      minDays: queueDays,
      ...RECORD,
      minBytes: 0,
      consequence: 'runs lose renders from their counts and results, and are not found',
    },
    {
      prefix: 'runs-by-time/',
      minDays: queueDays,
      ...EMPTY,
      consequence: 'runs are missing from lists',
    },
    {
      prefix: 'batches/',
      minDays: queueDays,
      ...RECORD,
      maxBytes: Number.POSITIVE_INFINITY,
      consequence: 'running batches stop, and ended ones lose their results and are not found',
    },
    {
      prefix: 'batches-by-time/',
      minDays: queueDays,
      ...EMPTY,
      consequence: 'batches are missing from lists',
    },
    {
      prefix: 'files/',
      minDays: queueDays,
      ...IMAGE,
      consequence: 'batches that are not checked yet fail, and files are not found',
    },
    {
      prefix: 'files-by-time/',
      minDays: queueDays,
      ...EMPTY,
      consequence: 'files are missing from lists',
    },
    { prefix: 'spend/', minDays: queueDays, ...EMPTY, consequence: 'spend reports and budgets miss money' },
    {
      prefix: 'balance/',
      minDays: BALANCE_DAYS,
      ...EMPTY,
      consequence: 'the days before cannot be reconciled',
    },
    {
      prefix: 'reconciliations/',
      minDays: queueDays,
      ...RECORD,
      consequence: 'past reconciliations are not found',
    },
    { prefix: 'by-day/', minDays: queueDays, ...EMPTY, consequence: 'renders are missing from lists' },
    {
      prefix: 'inputs/',
      // An input is written again only if it is a day old, so its last use may be a day later than its last write.
      minDays: queueDays + 1,
      ...IMAGE,
      consequence: 'queued and redriven renders lose their reference images, and webhooks lose their URLs',
    },
    {
      prefix: 'uploads/',
      minDays: UPLOAD_DAYS,
      ...RECORD,
      consequence: 'requests with the URL of an upload are rejected',
    },
    {
      prefix: 'thumbnails/',
      minDays: WEBHOOK_DAYS,
      ...IMAGE,
      consequence: 'links to thumbnails answer 404',
    },
    {
      prefix: IMAGE_KEY.slice(0, IMAGE_KEY.indexOf('{')),
      minDays: WEBHOOK_DAYS,
      ...IMAGE,
      consequence: 'links to images answer 404',
    },
  ];
}
