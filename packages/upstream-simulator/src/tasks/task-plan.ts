import type { Clock } from '../clock.ts';
import type { FaultAt, FaultSchedule } from '../faults/index.ts';
import type { Micros } from '../money.ts';
import { drawName, type Random } from '../random.ts';
import type { Outcome, Resolution, Size, StatusOverride, Task } from './task.ts';

/** Provider time in milliseconds. */
export interface Latency {
  minMs: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

/** 5 to 30 s are typical; the slowest take 90 s. */
export const DEFAULT_LATENCY: Latency = { minMs: 5_000, p50Ms: 12_000, p95Ms: 30_000, maxMs: 90_000 };

/** The 95th percentile of the standard normal distribution. */
const Z95 = 1.6449;
const RESOLUTION_FACTOR: Record<Resolution, number> = { '1K': 1, '2K': 1.4, '4K': 2 };
const INLINE_4K_FACTOR = 1.25;
/** The share of its latency that a task is queued. */
const QUEUED_SHARE = { min: 0.08, max: 0.2 };

/** The fields of a valid submission. */
export interface TaskSpec {
  model: string;
  prompt: string;
  size: Size;
  resolution: Resolution;
  references: string[];
  inlineImages: boolean;
  hasMask: boolean;
  clientBusinessId: string | null;
  callbackPath: string | null;
}

export interface TaskPlanDeps {
  settings: {
    latency: Latency;
    timeScale: number;
    resultTtlMs: number;
    prices: Record<Resolution, Micros>;
    pngShare: number;
    instant: boolean;
  };
  clock: Clock;
  faults: FaultSchedule;
  randoms: { id: Random; latency: Random; format: Random };
  isTaken: (id: string) => boolean;
}

/** Creates a task and decides its complete life: start, end, outcome, expiry. */
export function planTask(spec: TaskSpec, { settings, clock, faults, randoms, isTaken }: TaskPlanDeps): Task {
  let id: string;
  do id = `task_img_${drawName(randoms.id, 16)}`;
  while (isTaken(id));
  const { inlineImages, ...fields } = spec;
  const createdAt = clock.now();
  const drawn = drawLatency(settings.latency, { resolution: spec.resolution, inlineImages }, randoms.latency);
  const queued = QUEUED_SHARE.min + (QUEUED_SHARE.max - QUEUED_SHARE.min) * randoms.latency();
  const latency = settings.instant ? 0 : Math.round(drawn * settings.timeScale);
  const subject = {
    route: 'submit',
    prompt: spec.prompt,
    clientBusinessId: spec.clientBusinessId,
    taskId: id,
  } as const;
  return {
    id,
    ...fields,
    format: settings.instant || randoms.format() < settings.pngShare ? 'png' : 'jpg',
    price: settings.prices[spec.resolution],
    refunded: 0,
    createdAt,
    startsAt: createdAt + Math.round(latency * queued),
    finishesAt: createdAt + latency,
    expiresAt: createdAt + latency + settings.resultTtlMs,
    outcome: planOutcome(faults.take('outcome', subject)),
    statusOverride: planStatusOverride(faults.take('status', subject), createdAt, settings.timeScale),
    acknowledged: true,
    endProcessed: false,
  };
}

/** Draws a log-normal latency through p50 and p95, limited to min and max. The result is in provider milliseconds. */
function drawLatency(
  latency: Latency,
  task: { resolution: Resolution; inlineImages: boolean },
  random: Random,
): number {
  const sigma = Math.log(Math.max(1, latency.p95Ms / Math.max(1, latency.p50Ms))) / Z95;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const inline = task.resolution === '4K' && task.inlineImages ? INLINE_4K_FACTOR : 1;
  const drawn = latency.p50Ms * Math.exp(sigma * normal) * RESOLUTION_FACTOR[task.resolution] * inline;
  return Math.min(latency.maxMs, Math.max(latency.minMs, drawn));
}

function planOutcome(fault: FaultAt<'outcome'> | undefined): Outcome {
  if (fault === undefined) return { kind: 'completed' };
  switch (fault.kind) {
    case 'stuck':
      return { kind: 'stuck' };
    case 'fail_task':
      return createFailure(fault.message ?? 'call upstream API failed: upstream returned status 500');
    case 'fail_task_content':
      return createFailure(fault.message ?? 'call upstream API failed: upstream returned status 422');
  }
}

export function createFailure(message: string): Outcome {
  return { kind: 'failed', error: { code: 'generation_failed', message } };
}

function planStatusOverride(
  fault: FaultAt<'status'> | undefined,
  createdAt: number,
  timeScale: number,
): StatusOverride {
  if (fault === undefined) return {};
  switch (fault.kind) {
    case 'first_status':
      return { first: fault.status ?? 'pending' };
    case 'unknown_status': {
      const until = fault.forMs === undefined ? null : createdAt + fault.forMs * timeScale;
      return { unknown: { status: fault.status ?? 'reviewing', until } };
    }
  }
}
