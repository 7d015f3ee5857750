import type { Clock } from '../clock.ts';
import type { FaultSchedule } from '../faults/fault-schedule.ts';
import type { Settings } from '../options.ts';
import { drawName, type Random } from '../random.ts';
import { drawLatency } from './latency.ts';
import type { Outcome, Resolution, Size, StatusOverride, Task } from './task.ts';

/** What a valid submission asks for. */
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
  settings: Settings;
  clock: Clock;
  faults: FaultSchedule;
  randoms: { id: Random; latency: Random; format: Random };
  isTaken: (id: string) => boolean;
}

const QUEUED_SHARE = { least: 0.08, most: 0.2 };

/** Plans a task's whole life at its creation. */
export function planTask(spec: TaskSpec, { settings, clock, faults, randoms, isTaken }: TaskPlanDeps): Task {
  let id: string;
  do id = `task_img_${drawName(randoms.id, 16)}`;
  while (isTaken(id));
  const { inlineImages, ...asked } = spec;
  const createdAt = clock.now();
  const drawn = drawLatency(settings.latency, { resolution: spec.resolution, inlineImages }, randoms.latency);
  const queued = QUEUED_SHARE.least + (QUEUED_SHARE.most - QUEUED_SHARE.least) * randoms.latency();
  const latency = settings.instant ? 0 : Math.round(drawn * settings.timeScale);
  const subject = {
    route: 'submit',
    prompt: spec.prompt,
    clientBusinessId: spec.clientBusinessId,
    taskId: id,
  } as const;
  return {
    id,
    ...asked,
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

function planOutcome(fault: ReturnType<typeof FaultSchedule.prototype.take<'outcome'>>): Outcome {
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
  fault: ReturnType<typeof FaultSchedule.prototype.take<'status'>>,
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
