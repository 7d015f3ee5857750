import type { Engine } from '../engine/index.ts';
import { QUEUE, type Queues } from './queues.ts';

/** A paid image that is not stored, and until when (Unix ms) the provider keeps it. */
export interface ExpiringImage {
  renderId: string;
  expiresAt: number;
}

/** Paid images that expire soon, the earliest first. */
export interface ExpiringImages {
  /** They wait to be stored, or are being stored. */
  storing: ExpiringImage[];
  /** Their renders failed: only a redrive stores them. */
  failed: ExpiringImage[];
}

/** A paid image that expires within this time needs an operator. */
export const EXPIRES_SOON_MS = 2 * 3_600_000;

const PAGE = 500;
/** Jobs that are delayed or active have no order by expiry. At most this many are read. */
const MAX_UNORDERED = 5_000;

type ReadEngine = Pick<Engine, 'readJobTexts' | 'readJobTimes'>;

/**
 * Reads the paid images that are not stored and expire within {@link EXPIRES_SOON_MS}. Waiting jobs of the queue `store` are
 * ordered by expiry, so only their first ones are read. What a dead letter says is remembered until its render fails again.
 *
 * Throws the errors of the engine.
 */
export function createExpiringImageReader(
  engine: ReadEngine,
  queues: Pick<Queues, 'store' | 'deadLetter'>,
): (now: number) => Promise<ExpiringImages> {
  let letters = new Map<string, { failedAt: number; expiresAt: number | undefined }>();

  const readFailed = async (): Promise<ExpiringImage[]> => {
    const ids = await queues.deadLetter.getRanges(['waiting'], 0, -1, true);
    const times = ids.length > 0 ? await readFailureTimes(engine) : new Map<string, number>();
    const next: typeof letters = new Map();
    const unread: string[] = [];
    for (const id of ids) {
      const known = letters.get(id);
      if (known && known.failedAt === (times.get(id) ?? 0)) next.set(id, known);
      else unread.push(id);
    }
    for (let from = 0; from < unread.length; from += PAGE) {
      const part = unread.slice(from, from + PAGE);
      const texts = await engine.readJobTexts(QUEUE.deadLetter, part);
      for (const [at, id] of part.entries())
        next.set(id, {
          failedAt: times.get(id) ?? 0,
          expiresAt: readNumber(texts[at], 'resultExpiresAt'),
        });
    }
    letters = next;
    return [...letters].flatMap(([renderId, { expiresAt }]) =>
      expiresAt === undefined ? [] : [{ renderId, expiresAt }],
    );
  };

  return async (now) => {
    const [storing, failed] = await Promise.all([readStoringImages(engine, queues, now), readFailed()]);
    return { storing, failed: selectExpiring(failed, now) };
  };
}

/** Those that expire soon, the earliest first. */
export const selectExpiring = (images: readonly ExpiringImage[], now: number): ExpiringImage[] =>
  images
    .filter(({ expiresAt }) => expiresAt > now && expiresAt <= now + EXPIRES_SOON_MS)
    .sort((a, b) => a.expiresAt - b.expiresAt);

/** The images in the queue `store` that expire soon, the earliest first. Throws the errors of the engine. */
export async function readStoringImages(
  engine: Pick<Engine, 'readJobTexts'>,
  { store }: Pick<Queues, 'store'>,
  now: number,
): Promise<ExpiringImage[]> {
  const read = async (ids: string[]) => {
    const texts = await engine.readJobTexts(QUEUE.store, ids);
    return texts.flatMap((text): ExpiringImage[] => {
      const renderId = readText(text, 'renderId');
      const expiresAt = readNumber(text, 'expiresAt');
      return renderId === undefined || expiresAt === undefined ? [] : [{ renderId, expiresAt }];
    });
  };
  const found: ExpiringImage[] = [];
  const unordered = await store.getRanges(['active', 'delayed', 'waiting'], 0, MAX_UNORDERED - 1, true);
  for (let from = 0; from < unordered.length; from += PAGE)
    found.push(...(await read(unordered.slice(from, from + PAGE))));
  for (let from = 0; ; from += PAGE) {
    const ids = await store.getRanges(['prioritized'], from, from + PAGE - 1, true);
    const images = await read(ids);
    found.push(...images);
    // The order is by minute.
    const isLast = ids.length < PAGE || (images.at(-1)?.expiresAt ?? 0) > now + EXPIRES_SOON_MS + 60_000;
    if (isLast) return selectExpiring(found, now);
  }
}

async function readFailureTimes(engine: ReadEngine): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (let from = 0; ; from += PAGE) {
    const page = await engine.readJobTimes(QUEUE.render, 'failed', { from, to: from + PAGE - 1 });
    for (const { id, at } of page) times.set(id, at);
    if (page.length < PAGE) return times;
  }
}

function readText(text: string | undefined, name: string): string | undefined {
  const value = readField(text, name);
  return typeof value === 'string' ? value : undefined;
}

function readNumber(text: string | undefined, name: string): number | undefined {
  const value = readField(text, name);
  return typeof value === 'number' ? value : undefined;
}

/** A job that a newer Darkroom wrote may lack the field. */
function readField(text: string | undefined, name: string): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
