import type { RenderRequest } from '@darkroom/client';
import { createStream, type FaultRule, type Random } from '@darkroom/upstream-simulator';
import { FATES, type Fate } from './fates.ts';

/** What the operator does with a render that failed. */
export type Remedy = 'state' | 'redrive' | 'leave';

export interface PlannedRender {
  request: RenderRequest;
  fate: Fate;
  remedy: Remedy;
  /** Of two true statements, the operator makes this one. */
  prefersBuyAgain: boolean;
  /** The operator states what was bought while the render is still held. */
  statesEarly: boolean;
}

/** Something that happens to the processes, once the provider has sold this many tasks. */
export type Incident = { afterTasks: number } & (
  | { kind: 'kill'; worker: 0 | 1 }
  | { kind: 'outage'; status: number }
  | { kind: 'lose-answers'; object: string }
);

export interface NightPlan {
  seed: number;
  run: string;
  renders: PlannedRender[];
  /** The rules for the simulator. Each names the render that it applies to. */
  faults: FaultRule[];
  incidents: Incident[];
}

const DEFAULT_SEED = 20_261_126;
/** Fewer than the tasks that a night sells for certain. */
const LAST_INCIDENT = 180;

/** `NIGHT_SEED` repeats one night, or tries another. */
export function readSeed(): number {
  const text = process.env['NIGHT_SEED'];
  if (!text) return DEFAULT_SEED;
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new Error(`NIGHT_SEED: expected a whole number, received ${text}`);
  return seed;
}

/** Draws a night. The same seed draws the same renders with the same faults, and the same incidents. */
export function planNight(seed: number): NightPlan {
  const run = 'night';
  const random = createStream(seed, run);
  const fates = shuffle(
    FATES.flatMap((fate) => Array.from({ length: fate.count }, () => fate)),
    random,
  );
  const renders = fates.map((fate, index) => planRender(index, fate, run, random));
  const faults = renders.flatMap(({ request, fate }) =>
    fate.faults.map((fault) => ({ ...fault, promptIncludes: request.prompt })),
  );
  return { seed, run, renders, faults, incidents: planIncidents(random) };
}

function planRender(index: number, fate: Fate, run: string, random: Random): PlannedRender {
  const number = String(index).padStart(3, '0');
  return {
    request: {
      // No prompt is a part of another one.
      prompt: `night render ${number}`,
      idempotency_key: `${run}-${number}`,
      run,
      size: pick(['1:1', '16:9', '2:3'], random),
      resolution: pick(['1K', '1K', '1K', '1K', '1K', '1K', '2K', '2K', '2K', '4K'], random),
      // Batch renders wait behind all others, so the operator sees them waiting.
      priority: fate.name === 'canceled, waits' || random() < 0.3 ? 'batch' : 'interactive',
    },
    fate,
    remedy: pick(['state', 'state', 'redrive', 'leave'], random),
    prefersBuyAgain: random() < 0.5,
    statesEarly: random() < 0.3,
  };
}

function planIncidents(random: Random): Incident[] {
  const worker = () => (random() < 0.5 ? 0 : 1);
  const kinds = [
    { kind: 'kill', worker: worker() },
    { kind: 'kill', worker: worker() },
    { kind: 'outage', status: 404 },
    { kind: 'outage', status: 503 },
    { kind: 'lose-answers', object: 'intent.json' },
    { kind: 'lose-answers', object: 'accepted.json' },
  ] as const;
  return shuffle(
    kinds.map((kind) => ({ ...kind, afterTasks: 10 + Math.floor(random() * (LAST_INCIDENT - 10)) })),
    random,
  ).toSorted((one, other) => one.afterTasks - other.afterTasks);
}

const pick = <T>(choices: readonly T[], random: Random): T =>
  choices[Math.floor(random() * choices.length)] as T;

function shuffle<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ item }) => item);
}
