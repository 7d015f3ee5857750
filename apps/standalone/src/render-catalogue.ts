import { type AcceptedRender, type Darkroom, hasEnded, type Render } from '@darkroom/client';
import type { Clock } from '@darkroom/shared/runtime';
import type { Sample } from './catalogue.ts';
import type { CatalogueProgress } from './progress.ts';

export interface EndedSample {
  sample: Sample;
  render: Render;
}

export interface RenderedCatalogue {
  /** In the order of the samples. */
  ended: EndedSample[];
  /** How many samples an earlier start created already. */
  duplicates: number;
}

export interface CatalogueOptions {
  /** Names this batch. The same run with the same samples creates and buys nothing twice. */
  run: string;
  clock: Clock;
  signal: AbortSignal;
  show(progress: CatalogueProgress): void;
}

/**
 * Renders the samples through the API, as a service would: creates them in bulk and follows them to their end.
 *
 * @throws DarkroomError with the code `aborted` when the signal aborts.
 */
export async function renderCatalogue(
  samples: readonly Sample[],
  darkroom: Darkroom,
  options: CatalogueOptions,
): Promise<RenderedCatalogue> {
  const { accepted, duplicates } = await createRenders(samples, darkroom, options);
  const renders = await watchRenders(accepted, darkroom, options);
  const ended = samples.map((sample, index) => ({
    sample,
    render: renders.get(accepted[index]?.id ?? '') as Render,
  }));
  return { ended, duplicates };
}

/** @returns what the API accepted, in the order of the samples. */
async function createRenders(
  samples: readonly Sample[],
  darkroom: Darkroom,
  { run, signal }: CatalogueOptions,
): Promise<{ accepted: AcceptedRender[]; duplicates: number }> {
  const requests = samples.map(({ request }) => ({ ...request, run }));
  const creation = darkroom.renders.createMany(requests, { key: run, signal });
  const accepted: AcceptedRender[] = [];
  for await (const { index, render, error } of creation) {
    if (error) throw new Error(`sample ${index + 1} was rejected: ${error.message}`, { cause: error });
    accepted.push(render);
  }
  return { accepted, duplicates: creation.tally.duplicates };
}

const POLL_MS = 400;
/** At most a third of the time goes to listing: a long list must not slow the renders down. */
const PAUSE_PER_LISTING = 2;

/**
 * Follows the renders until all have ended. One list of those that have not ended shows where they are. A render that
 * has left the list is read once more, for its end.
 */
async function watchRenders(
  accepted: readonly AcceptedRender[],
  darkroom: Darkroom,
  { run, clock, signal, show }: CatalogueOptions,
): Promise<Map<string, Render>> {
  const createdAfter = accepted.map((render) => render.created_at).sort()[0];
  const filters = { run, status: ['queued', 'rendering', 'storing'], createdAfter, limit: 100 } as const;
  const latest = new Map<string, Render>();
  const open = new Set(accepted.map(({ id }) => id));
  for (;;) {
    const listedAt = clock.now();
    const listed = new Set<string>();
    for await (const render of darkroom.renders.list(filters, { signal })) {
      listed.add(render.id);
      if (open.has(render.id)) latest.set(render.id, render);
    }
    for (const id of open) {
      if (listed.has(id)) continue;
      const render = await darkroom.renders.get(id, { signal });
      latest.set(id, render);
      if (hasEnded(render)) open.delete(id);
    }
    show(countProgress([...latest.values()]));
    if (open.size === 0) return latest;
    await clock.sleep(Math.max(POLL_MS, PAUSE_PER_LISTING * (clock.now() - listedAt)), signal);
  }
}

function countProgress(renders: readonly Render[]): CatalogueProgress {
  const count = (...statuses: Render['status'][]) =>
    renders.filter(({ status }) => statuses.includes(status)).length;
  return {
    total: renders.length,
    completed: count('completed'),
    failed: count('failed', 'canceled'),
    queued: count('queued'),
    rendering: count('rendering'),
    storing: count('storing'),
    spentMicros: renders.reduce((sum, { cost }) => sum + toMicros(cost.spent), 0),
  };
}

/** An amount of the API in micro-dollars. */
export const toMicros = (amount: string): number => Math.round(Number(amount) * 1e6);
