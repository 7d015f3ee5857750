import type { ForecastSamples } from '../../src/backends/index.ts';
import { type Eta, estimateEta, type RenderPlace } from '../../src/forecast/eta.ts';
import { createModel } from '../../src/forecast/model.ts';
import { createRandom, drawNormal } from '../../src/forecast/random.ts';

export interface DrainOptions {
  renders: number;
  /** Submissions per second. */
  quota: number;
  /** The share of the tasks that fail and are bought again, at most `maxPurchases` times. */
  failing: number;
  maxPurchases: number;
  seed: number;
}

/** An ETA that was made for a render, and when that render ended. Unix milliseconds. */
export interface Forecasted {
  eta: Eta;
  endedAt: number;
}

interface Purchase {
  render: number;
  attempt: number;
  addedAt: number;
  startedAt: number;
  acceptedAt: number;
  taskEndedAt: number;
  endedAt: number;
  fails: boolean;
}

const START = 1_700_000_000_000;
/** The jobs that the forecaster reads at most. */
const SAMPLES = 150;
const SUBMIT_MS = 400;
const FIELDS = { lane: 'batch', resolution: '1K' } as const;

/**
 * A night that is drained on paper: a queue in order, the quota with seconds of the provider that are slower, tasks of 15 to
 * 90 seconds, tasks that fail and wait again at the end. At three moments, every render that has not ended gets an ETA from
 * what the forecaster could have read then.
 */
export function simulateDrain(options: DrainOptions): Forecasted[] {
  const purchases = simulatePurchases(options);
  const ends = new Map(purchases.filter(({ fails }) => !fails).map((one) => [one.render, one.endedAt]));
  const submitted = purchases.map(({ startedAt }) => startedAt).toSorted((one, other) => one - other);
  return [0.4, 0.6, 0.8].flatMap((share) => {
    const now = submitted[Math.floor(share * submitted.length)] ?? START;
    return forecastAt(now, purchases, options).map(({ render, eta }) => ({
      eta,
      endedAt: ends.get(render) ?? Number.POSITIVE_INFINITY,
    }));
  });
}

function simulatePurchases({ renders, quota, failing, maxPurchases, seed }: DrainOptions): Purchase[] {
  const random = createRandom(seed);
  const queue = Array.from({ length: renders }, (_, render) => ({ render, attempt: 1, addedAt: START }));
  const purchases: Purchase[] = [];
  let clock = START;
  for (let next = queue.shift(); next; next = queue.shift()) {
    // The limiter passes the quota at most; pauses of the provider and of the network take some of it.
    clock = Math.max(clock, next.addedAt) + (1_000 / quota) * (1 + Math.max(0, 0.15 * drawNormal(random)));
    const startedAt = clock;
    const acceptedAt = startedAt + SUBMIT_MS * (0.5 + random());
    const taskMs = Math.min(90_000, Math.max(15_000, 30_000 * Math.exp(0.4 * drawNormal(random))));
    const taskEndedAt = acceptedAt + taskMs;
    const fails = next.attempt < maxPurchases && random() < failing;
    purchases.push({
      ...next,
      startedAt,
      acceptedAt,
      taskEndedAt,
      endedAt: taskEndedAt + 1_000 + 3_000 * random(),
      fails,
    });
    if (fails) {
      queue.push({ ...next, attempt: next.attempt + 1, addedAt: taskEndedAt });
      queue.sort((one, other) => one.addedAt - other.addedAt);
    }
  }
  return purchases;
}

function forecastAt(now: number, purchases: Purchase[], { quota, maxPurchases }: DrainOptions) {
  const waiting = purchases.filter(({ addedAt, startedAt }) => addedAt <= now && startedAt > now);
  const facts = {
    model: createModel(readSamples(now, purchases, waiting.length), quota, now),
    now,
    maxPurchases,
  };
  const order = waiting.toSorted((one, other) => one.startedAt - other.startedAt);
  const places: [number, RenderPlace][] = [
    ...order.map(({ render, attempt }, at): [number, RenderPlace] => [
      render,
      { ...FIELDS, at: 'queue', position: at + 1, attempt },
    ]),
    ...purchases
      .filter(({ acceptedAt, taskEndedAt }) => acceptedAt <= now && taskEndedAt > now)
      .map(({ render, attempt, acceptedAt }): [number, RenderPlace] => [
        render,
        { ...FIELDS, at: 'provider', acceptedAt, attempt },
      ]),
    ...purchases
      .filter(({ fails, taskEndedAt, endedAt }) => !fails && taskEndedAt <= now && endedAt > now)
      .map(({ render, attempt, acceptedAt, taskEndedAt }): [number, RenderPlace] => [
        render,
        { ...FIELDS, at: 'store', acceptedAt, since: taskEndedAt, attempt },
      ]),
  ];
  return places.map(([render, place]) => ({ render, eta: estimateEta(place, facts) }));
}

/** What `readForecastSamples` would read at this time. */
function readSamples(now: number, purchases: Purchase[], waiting: number): ForecastSamples {
  const latest = <T extends { endedAt: number }>(all: T[]) =>
    all.toSorted((one, other) => other.endedAt - one.endedAt).slice(0, SAMPLES);
  const completed = latest(purchases.filter(({ fails, endedAt }) => !fails && endedAt <= now));
  const submissions = latest(
    purchases
      .filter(({ acceptedAt }) => acceptedAt <= now)
      .map(({ addedAt, startedAt, acceptedAt }) => ({
        lane: FIELDS.lane,
        addedAt,
        startedAt,
        endedAt: acceptedAt,
      })),
  );
  return {
    completed: completed.map(({ acceptedAt, endedAt }) => ({
      resolution: FIELDS.resolution,
      acceptedAt,
      endedAt,
    })),
    inFlight: purchases
      .filter(({ acceptedAt, taskEndedAt }) => acceptedAt <= now && taskEndedAt > now)
      .map(({ acceptedAt }) => ({ resolution: FIELDS.resolution, acceptedAt })),
    submissions,
    repurchasedAt: purchases
      .filter(({ attempt, addedAt }) => attempt > 1 && addedAt <= now)
      .map(({ addedAt }) => addedAt),
    storeMs: completed.slice(0, 60).map(({ taskEndedAt, endedAt }) => endedAt - taskEndedAt),
    waiting: { interactive: 0, batch: waiting },
  };
}
