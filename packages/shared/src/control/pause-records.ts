import { PAUSABLE_QUEUES } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION } from '../render/index.ts';
import type { Drain, LimitOverride } from './limit-records.ts';

/** Which renders a pause holds back: those that match every field. With `queue`, a whole queue is paused. */
const scopeSchema = z.strictObject({
  tenant: z.string().optional(),
  run: z.string().optional(),
  model: z.string().optional(),
  queue: z.enum(PAUSABLE_QUEUES).optional(),
});

export const pauseRecordSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  name: z.string(),
  scope: scopeSchema,
  reason: z.string(),
  owner: z.string(),
  actor: z.string(),
  /** Unix milliseconds. */
  since: z.number(),
  /** Unix milliseconds: when it ends by itself. */
  until: z.number().optional(),
});

/** A pause of submission, or the copy of the pause of a queue. */
export type SubmissionPause = z.infer<typeof pauseRecordSchema>;
export type PauseScope = SubmissionPause['scope'];

/** An operator lets one render through all pauses. */
export const passSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  renderId: z.string(),
  reason: z.string(),
  actor: z.string(),
  /** Unix milliseconds. */
  at: z.number(),
});
export type Pass = z.infer<typeof passSchema>;

/** The render, or the submission of a render, that a pause may hold back. */
export interface PausableRender {
  renderId: string;
  tenant: string;
  request: { run?: string | undefined; model: string };
}

/** Everything that the store has below `control/`. */
export interface ControlState {
  pauses: readonly SubmissionPause[];
  /** The ids of renders that are let through. */
  passes: ReadonlySet<string>;
  /** Overrides of limits. The latest of a limit counts. */
  limits: readonly LimitOverride[];
  /** Overrides that ended by themselves and were not replaced. */
  endedLimits: readonly LimitOverride[];
  drains: readonly Drain[];
  /** Runs that buy nothing more, or from their deadline on. */
  runStops: readonly RunStop[];
}

/** From when on a run buys nothing more. */
export interface RunStop {
  tenant: string;
  run: string;
  /** Unix milliseconds. */
  at: number;
  cause: 'deadline' | 'canceled';
}

export const NO_CONTROLS: ControlState = {
  pauses: [],
  passes: new Set(),
  limits: [],
  endedLimits: [],
  drains: [],
  runStops: [],
};

/** The pauses of submission that stand at `now`: not those of queues, and none that has ended. */
export const listOpenPauses = ({ pauses }: ControlState, now: number): SubmissionPause[] =>
  pauses.filter(({ scope, until }) => scope.queue === undefined && (until === undefined || until > now));

/** Why the run of a render buys nothing more, if its run was created. @returns `undefined`: it may buy */
export const findRunStop = (
  { runStops }: ControlState,
  render: { tenant: string; request: { run?: string | undefined } },
  now: number,
): RunStop | undefined =>
  runStops.find(({ tenant, run, at }) => tenant === render.tenant && run === render.request.run && at <= now);

/** The pauses that hold a render back, the one that ends last first. */
export function findPauses(state: ControlState, render: PausableRender, now: number): SubmissionPause[] {
  if (state.pauses.length === 0 || state.passes.has(render.renderId)) return [];
  const { tenant, request } = render;
  return listOpenPauses(state, now)
    .filter(
      ({ scope }) =>
        (scope.tenant === undefined || scope.tenant === tenant) &&
        (scope.run === undefined || scope.run === request.run) &&
        (scope.model === undefined || scope.model === request.model),
    )
    .toSorted((one, other) => (other.until ?? Infinity) - (one.until ?? Infinity) || one.since - other.since);
}
