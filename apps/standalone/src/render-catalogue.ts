import { openQueues } from '@darkroom/shared/queues';
import { type Receipt } from '@darkroom/shared/render';
import { type Clock } from '@darkroom/shared/runtime';
import type { Sample } from './catalogue.ts';
import type { House } from './compose.ts';
import { follow } from './follow.ts';
import type { Progress } from './progress.ts';
import type { Ended } from './summary.ts';

export interface CatalogueRun {
  ended: Ended[];
  /** Samples that an earlier run had asked for already. */
  duplicates: number;
  deadLettered: number;
}

const CHUNK = 500;

interface BulkAnswer {
  items?: { render?: { id: string; duplicate: boolean }; error?: { detail?: string } }[];
  detail?: string;
}

/** Sends the samples through the API, as any service would, and follows them to their end. */
export async function renderCatalogue(
  samples: readonly Sample[],
  house: House,
  options: { clock: Clock; signal: AbortSignal; progress: Progress; startedAt: number },
): Promise<CatalogueRun> {
  const accepted: { sample: Sample; id: string }[] = [];
  let duplicates = 0;
  for (let from = 0; from < samples.length; from += CHUNK) {
    const chunk = samples.slice(from, from + CHUNK);
    const answer = await fetch(`${house.producer.url}/v1/renders/bulk`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(house.apiKey ? { authorization: `Bearer ${house.apiKey}` } : {}),
      },
      body: JSON.stringify(chunk.map((sample) => sample.body)),
      signal: options.signal,
    });
    const { items, detail } = (await answer.json()) as BulkAnswer;
    for (const [index, sample] of chunk.entries()) {
      const item = items?.[index];
      if (!item?.render) {
        throw new Error(
          `sample ${from + index + 1} was not accepted: ${item?.error?.detail ?? detail ?? answer.status}`,
        );
      }
      if (item.render.duplicate) duplicates += 1;
      accepted.push({ sample, id: item.render.id });
    }
  }
  const queues = openQueues(house.engine, { days: house.settings.RETENTION_DAYS });
  const receipts = await follow(
    accepted.map(({ id }) => id),
    house,
    queues,
    { ...options, show: options.progress.show },
  );
  const letters = await Promise.all(accepted.map(({ id }) => queues.deadLetter.getJob(id)));
  return {
    ended: accepted.map((one) => ({ ...one, receipt: receipts.get(one.id) as Receipt })),
    duplicates,
    deadLettered: letters.filter(Boolean).length,
  };
}
