import type { EtaReason } from '@darkroom/api';
import type { LaneName } from '@darkroom/shared/queues';
import { pickLonger } from './durations.ts';
import type { ForecastModel } from './model.ts';
import { createRandom, drawNormal } from './random.ts';

/** When a render is complete, in Unix milliseconds, or why that cannot be said. */
export type Eta = { p50: number; p90: number } | { reason: EtaReason };

/** A render that has not ended. Times in Unix milliseconds. */
export type RenderPlace = {
  lane: LaneName;
  resolution: string;
  /** The number of the present purchase, or of the one that it waits for. */
  attempt: number;
} & (
  | { at: 'queue'; position: number }
  | { at: 'provider'; acceptedAt: number }
  | { at: 'store'; acceptedAt: number; since: number }
);

export interface EtaFacts {
  model: ForecastModel;
  /** Unix milliseconds. */
  now: number;
  maxPurchases: number;
}

/** How many lives of a render are simulated. */
const LIVES = 400;
const SEED = 1;
/** Batch renders go on, however many interactive renders are created. */
const MIN_RATE_SHARE = 0.1;
/** The rate of the coming time differs from the observed one, or from the quota, at least by this (standard deviation). */
const MIN_DEVIATION = 0.08;

/** The ETA of a render: quantiles of simulated lives, which are drawn from the samples. Pure. */
export function estimateEta(place: RenderPlace, facts: EtaFacts): Eta {
  if (!facts.model.renderMs) return { reason: 'too_few_samples' };
  return simulate((random) => simulateEnd(place, facts, random));
}

/**
 * When all renders are complete that wait in a lane and in the lanes before it. Failed tasks of theirs wait again. Pure.
 *
 * @returns `undefined` if none waits in this lane
 */
export function estimateBacklogEnd(lane: LaneName, { model, now }: EtaFacts): Eta | undefined {
  const { renderMs, repurchaseShare, perSecond, waiting } = model;
  if (waiting[lane] === 0) return undefined;
  if (!renderMs) return { reason: 'too_few_samples' };
  const submissions = countWaiting(model, lane) / (1 - Math.min(repurchaseShare, 0.9));
  // The last ones are at the provider together. The slowest of them ends last.
  const together = Math.max(
    1,
    Math.min(submissions, (perSecond * (pickLonger(renderMs, -1, 0.5) ?? 0)) / 1_000),
  );
  return simulate((random) => {
    const slowest = pickLonger(renderMs, -1, random() ** (1 / together)) ?? 0;
    return now + drawWait(model, lane, submissions, random) + drawSubmission(model, random) + slowest;
  });
}

function simulate(live: (random: () => number) => number | undefined): Eta {
  const random = createRandom(SEED);
  const ends: number[] = [];
  for (let life = 0; life < LIVES; life += 1) {
    const end = live(random);
    if (end === undefined) return { reason: 'overdue' };
    ends.push(end);
  }
  ends.sort((one, other) => one - other);
  const at = (share: number) => Math.round(ends[Math.floor(share * LIVES)] ?? 0);
  return { p50: at(0.5), p90: at(0.9) };
}

/** @returns `undefined` for a render that takes longer than all samples. */
function simulateEnd(place: RenderPlace, { model, now, maxPurchases }: EtaFacts, random: () => number) {
  const { lane, resolution } = place;
  if (place.at === 'store' && model.storeMs) {
    const took = pickLonger(model.storeMs, now - place.since, random());
    return took === undefined ? undefined : place.since + took;
  }
  const renderMs = model.renderMsOf.get(resolution) ?? model.renderMs;
  if (!renderMs) return undefined;
  let acceptedAt =
    place.at === 'queue'
      ? now + drawWait(model, lane, place.position, random) + drawSubmission(model, random)
      : place.acceptedAt;
  for (let attempt = place.attempt; ; attempt += 1) {
    const took = pickLonger(renderMs, now - acceptedAt, random());
    if (took === undefined) return undefined;
    const endsAt = acceptedAt + took;
    const fails = place.at !== 'store' && attempt < maxPurchases && random() < model.repurchaseShare;
    if (!fails) return endsAt;
    // It goes to the end of its lane, behind the renders that wait now and are not submitted by then.
    const drained = now + drawWait(model, lane, countWaiting(model, lane), random);
    acceptedAt = Math.max(drained, endsAt + drawWait(model, lane, 1, random)) + drawSubmission(model, random);
  }
}

const countWaiting = ({ waiting }: ForecastModel, lane: LaneName) =>
  waiting.interactive + (lane === 'batch' ? waiting.batch : 0);

/** Milliseconds until so many submissions of this lane have been made. */
function drawWait(
  { perSecond, variation, observedS, overtakingPerSecond }: ForecastModel,
  lane: LaneName,
  submissions: number,
  random: () => number,
): number {
  const overtaking = lane === 'batch' ? overtakingPerSecond : 0;
  const rate = Math.max(perSecond - overtaking, perSecond * MIN_RATE_SHARE);
  const seconds = submissions / rate;
  // The mean of the observed seconds is uncertain, and that of the coming ones varies.
  const observed = observedS === 0 ? 0 : variation * Math.sqrt(1 / observedS + 1 / Math.max(1, seconds));
  const deviation = Math.max(observed, MIN_DEVIATION);
  return Math.max(0, seconds * (1 + deviation * drawNormal(random))) * 1_000;
}

const drawSubmission = ({ submitMs }: ForecastModel, random: () => number) =>
  pickLonger(submitMs, -1, random()) ?? 0;
