import type { WaitingFor } from '@darkroom/api';
import { type AuditEntry, listAuditEntries } from '@darkroom/shared/audit';
import { type Queues } from '@darkroom/shared/queues';
import { type Note, parseNote } from '@darkroom/shared/render';
import { type Scrub } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { hasRole } from '../access/index.ts';
import { type Delivery, findDeliveries, withFallback } from '../backends/index.ts';
import { scrubDeep } from '../dashboard/index.ts';
import type { Forecast } from '../forecast/index.ts';
import {
  createImagePath,
  findRequestedRender,
  type RenderReadDeps,
  readWaitCause,
} from '../renders/index.ts';

export interface RenderPageDeps extends RenderReadDeps {
  queues: Queues;
  scrub: Scrub;
}

/** Everything that the page of a render shows. Scrubbed, except the links. */
export interface RenderFacts {
  snapshot: RenderSnapshot;
  notes: Note[];
  deliveries: Delivery[];
  /** What operators did to the render, for operators. */
  actions: AuditEntry[];
  waitingFor: WaitingFor | null;
  /** It carries its own permission: a browser that sent a key for the page does not send it for an image. */
  imageLink: string | undefined;
  forecast: Forecast;
  /** Whether the caller has access to the dashboard. */
  operator: boolean;
  /** Unix milliseconds. */
  now: number;
}

/** The page is shown without notes, deliveries and forecast when they take longer. */
const EXTRAS_DEADLINE_MS = 1_500;
const MAX_ACTIONS = 20;
const LINK_LIFETIME_MS = 3_600_000;

/** @throws {ProblemError} `render_not_found`; what the queue and the store throw. */
export async function readRenderFacts(deps: RenderPageDeps, request: FastifyRequest): Promise<RenderFacts> {
  const { queues, clock, scrub } = deps;
  const snapshot = await findRequestedRender(deps, request);
  const { renderId } = snapshot;
  const createImageLink = () =>
    createImagePath(deps, request, snapshot, {
      part: 'image',
      lifetimeMs: LINK_LIFETIME_MS,
      sign: 'if-needed',
    });
  const { key, tenant } = request.caller ?? {};
  const operates = request.caller !== undefined && hasRole(request.caller, 'operate');
  const [notes, deliveries, actions, forecast, waitingFor, image] = await Promise.all([
    snapshot.notes ?? withFallback(EXTRAS_DEADLINE_MS, readLogNotes(queues, renderId), []),
    withFallback(EXTRAS_DEADLINE_MS, findDeliveries(queues, renderId), []),
    operates ? withFallback(EXTRAS_DEADLINE_MS, listActions(deps, renderId), []) : [],
    withFallback<Forecast>(EXTRAS_DEADLINE_MS, deps.readForecast(snapshot), {}),
    readWaitCause(deps, snapshot),
    snapshot.image && createImageLink(),
  ]);
  return {
    ...(scrubDeep(scrub, { snapshot, notes, deliveries, actions, waitingFor }) as Pick<
      RenderFacts,
      'snapshot' | 'notes' | 'deliveries' | 'actions' | 'waitingFor'
    >),
    imageLink: image,
    forecast,
    operator: !key || tenant === '*',
    now: clock.now(),
  };
}

async function readLogNotes(queues: Queues, renderId: string): Promise<Note[]> {
  const { logs } = await queues.render.getJobLogs(renderId);
  return logs.flatMap((line) => parseNote(line) ?? []);
}

async function listActions({ store }: RenderPageDeps, renderId: string): Promise<AuditEntry[]> {
  const list = { kind: 'target', target: { kind: 'render', id: renderId } } as const;
  return (await listAuditEntries(store, list, { limit: MAX_ACTIONS })).entries;
}
