import type { CATALOGUE_ALARMS } from '@darkroom/api';
import type { Night } from '../nights/index.ts';
import { PART_ITEMS, type RunPlan, type RunSummary } from '../run/index.ts';
import type { NightRecord } from './records.ts';

export type AlarmCode = (typeof CATALOGUE_ALARMS)[number];

/** What the watch expects of a night. */
export interface WatchRules {
  startGraceMs: number;
  /** Unix milliseconds. `undefined`: it may end at any time. */
  finishBy: number | undefined;
  minDurationMs: number | undefined;
}

/** What the store has of a night and its run. */
export interface NightState {
  record: NightRecord | undefined;
  /** Unix milliseconds: when a worker began the run. */
  begunAt: number | undefined;
  plan: Pick<RunPlan, 'parts' | 'buys' | 'plannedAt'> | undefined;
  /** Parts of the plan whose renders were added to the queue. */
  partsAdded: number;
  summary: Pick<RunSummary, 'status' | 'reason' | 'ended_at' | 'counts'> | undefined;
}

export interface Alarm {
  code: AlarmCode;
  /** For people. */
  message: string;
}

export interface NightVerdict {
  alarms: Alarm[];
  /** Nothing that happens later changes the verdict. */
  isFinal: boolean;
}

/**
 * What is wrong with a night, as the store and the clock say now. Pure.
 *
 * @param submitsPerSecond what the provider's quota allows: no run ends sooner than it permits
 */
export function judgeNight(
  night: Night,
  rules: WatchRules,
  state: NightState,
  { now, submitsPerSecond }: { now: number; submitsPerSecond: number },
): NightVerdict {
  const { record, begunAt, plan, summary } = state;
  if (record?.outcome === 'missed')
    return { alarms: [{ code: 'missed', message: `It did not run: ${record.reason}.` }], isFinal: true };
  const alarms: Alarm[] = [];
  const add = (code: AlarmCode, message: string) => alarms.push({ code, message });

  const startBy = night.dueAt + rules.startGraceMs;
  const hasBegun = begunAt !== undefined || plan !== undefined || summary !== undefined;
  if (!hasBegun && now > startBy)
    add(
      'did_not_start',
      `It was due at ${formatTime(night.dueAt)} and ${record ? 'no worker has begun its run' : 'has no run'}.`,
    );
  const lateness = describeLateness(rules.finishBy, state, { now, submitsPerSecond });
  if (lateness !== undefined) add('will_miss_deadline', lateness);
  if (summary && summary.status !== 'completed') add('ended_with_failures', describeEnd(summary));
  const tookMs = summary && begunAt !== undefined ? Date.parse(summary.ended_at) - begunAt : undefined;
  if (
    summary?.status === 'completed' &&
    rules.minDurationMs !== undefined &&
    tookMs !== undefined &&
    tookMs < rules.minDurationMs
  )
    add(
      'too_fast',
      `It is completed after ${Math.round(tookMs / 1000)} s, expected at least ${Math.round(rules.minDurationMs / 1000)} s.`,
    );
  return { alarms, isFinal: summary !== undefined };
}

function describeLateness(
  finishBy: number | undefined,
  { plan, partsAdded, summary }: NightState,
  { now, submitsPerSecond }: { now: number; submitsPerSecond: number },
): string | undefined {
  if (finishBy === undefined) return undefined;
  const deadline = formatTime(finishBy);
  if (summary) {
    const isLate = Date.parse(summary.ended_at) > finishBy;
    return isLate ? `It ended at ${summary.ended_at}, after its deadline ${deadline}.` : undefined;
  }
  if (now > finishBy) return `Its deadline ${deadline} has passed, and it has not ended.`;
  if (!plan || plan.parts === 0) return undefined;
  // The quota gives the earliest end that is possible. The pace of the run assumes that what it buys is spread evenly.
  const left = Math.max(0, plan.buys - partsAdded * PART_ITEMS);
  const byQuota = now + (left / submitsPerSecond) * 1000;
  const byPace =
    partsAdded < MIN_PACE_PARTS ? 0 : plan.plannedAt + ((now - plan.plannedAt) * plan.parts) / partsAdded;
  const finish = Math.max(byQuota, byPace);
  return finish > finishBy
    ? `At its pace it ends at ${formatTime(finish)} or later, after its deadline ${deadline}.`
    : undefined;
}

function describeEnd({ status, reason, counts }: NonNullable<NightState['summary']>): string {
  const facts = [
    counts.failed > 0 ? `${counts.failed} failed` : '',
    counts.not_bought > 0 ? `${counts.not_bought} not bought` : '',
    counts.quarantined > 0 ? `${counts.quarantined} not valid` : '',
    reason ?? '',
  ].filter(Boolean);
  return `Its run is ${status}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}.`;
}

/** The first parts are added at once, so they say nothing of the pace. */
const MIN_PACE_PARTS = 8;

const formatTime = (at: number) => new Date(at).toISOString();
