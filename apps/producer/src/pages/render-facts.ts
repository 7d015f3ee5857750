import type { DeadLetterResponse, WaitingFor } from '@darkroom/api';
import { type AuditEntry, listAuditEntries } from '@darkroom/shared/audit';
import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import { type Queues } from '@darkroom/shared/queues';
import { type Note, parseNote } from '@darkroom/shared/render';
import { type Scrub } from '@darkroom/shared/runtime';
import { formatDollars, type RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { hasRole, type Needs } from '../access/index.ts';
import { type Delivery, findDeliveries, type PauseBook, withFallback } from '../backends/index.ts';
import { scrubDeep } from '../dashboard/index.ts';
import { type DeadLetterDeps, forecastRedrive, selectDeadLetters } from '../dead-letters/index.ts';
import { type Forecast, NO_FORECAST } from '../forecast/index.ts';
import { findCopy, type IntakeDeps } from '../intake/index.ts';
import { hasEnded } from '../lookup/index.ts';
import {
  canStatePurchase,
  createImagePath,
  findRequestedRender,
  isCopyable,
  priceCopy,
  type RenderReadDeps,
  readWaitCause,
} from '../renders/index.ts';

export interface RenderPageDeps extends RenderReadDeps {
  deadLetters: DeadLetterDeps;
  pauses: PauseBook;
  queues: Queues;
  scrub: Scrub;
  intake: IntakeDeps;
  settings: Pick<Settings, 'PRICES'>;
}

/** Everything that the page of a render shows. Scrubbed, except the links. */
export interface RenderFacts {
  snapshot: RenderSnapshot;
  notes: Note[];
  deliveries: Delivery[];
  /** The id of the render that bought it again. */
  copy: string | undefined;
  /** What operators did to the render, for operators. */
  actions: AuditEntry[];
  waitingFor: WaitingFor | null;
  /** It carries its own permission: a browser that sent a key for the page does not send it for an image. */
  imageLink: string | undefined;
  forecast: Forecast;
  /** Whether the caller has access to the dashboard. */
  operator: boolean;
  /** What the caller can do with the render now. */
  possible: RenderActions;
  /** Unix milliseconds. */
  now: number;
}

/** An action is absent, or false, when it cannot succeed or the caller may not do it. */
export interface RenderActions {
  cancel: boolean;
  /** What a redrive does. */
  redrive?: DeadLetterResponse['redrive'];
  /** The price of a purchase, for a statement of what became of the present one. Null: unknown. */
  statement?: { price: string | null };
  resend: boolean;
  /** The price of a purchase, for a paused render that can be let through. Null: unknown. */
  letThrough?: { price: string | null };
  /** The price of a copy. Null: unknown. */
  buyAgain?: { price: string | null };
}

/** How long (ms) it may take until a worker has carried out what an operator requested. */
const EFFECT_MS = 20_000;

/** Whether the page reloads by itself: the render has not ended, or the effect of an action is not visible yet. */
export const doesReload = ({ snapshot, actions, now }: RenderFacts): boolean =>
  !hasEnded(snapshot) || actions.some(({ at }) => now - at < EFFECT_MS);

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
  const operates = request.caller !== undefined && hasRole(request.caller, 'operate');
  const waitingFor = await readWaitCause(deps, snapshot);
  const [notes, deliveries, actions, forecast, image, copy] = await Promise.all([
    snapshot.notes ?? withFallback(EXTRAS_DEADLINE_MS, readLogNotes(queues, renderId), []),
    withFallback(EXTRAS_DEADLINE_MS, findDeliveries(queues, renderId), []),
    operates ? withFallback(EXTRAS_DEADLINE_MS, listActions(deps, renderId), []) : [],
    withFallback<Forecast>(
      EXTRAS_DEADLINE_MS,
      deps.forecaster.forecastRender(snapshot, waitingFor),
      NO_FORECAST,
    ),
    snapshot.image && createImageLink(),
    isCopyable(snapshot)
      ? withFallback(EXTRAS_DEADLINE_MS, findCopy(deps.intake, snapshot), undefined)
      : undefined,
  ]);
  const possible = await findActions(deps, request, {
    snapshot,
    deliveries,
    waitingFor,
    copy: copy?.renderId,
  });
  return {
    ...(scrubDeep(scrub, { snapshot, notes, deliveries, actions, waitingFor }) as Pick<
      RenderFacts,
      'snapshot' | 'notes' | 'deliveries' | 'actions' | 'waitingFor'
    >),
    copy: copy?.renderId,
    imageLink: image,
    forecast,
    possible,
    operator: request.caller !== undefined && hasRole(request.caller, 'overseer'),
    now: clock.now(),
  };
}

async function findActions(
  { deadLetters, lookup, clock, settings: prices }: RenderPageDeps,
  request: FastifyRequest,
  {
    snapshot,
    deliveries,
    waitingFor,
    copy,
  }: Pick<RenderFacts, 'snapshot' | 'deliveries' | 'waitingFor' | 'copy'>,
): Promise<RenderActions> {
  const { caller } = request;
  const may = (needs: Needs) => caller !== undefined && hasRole(caller, needs);
  const { settings } = deadLetters;
  const [letter] =
    snapshot.status === 'failed' && may('operate')
      ? selectDeadLetters(
          await withFallback(EXTRAS_DEADLINE_MS, deadLetters.readDeadLetters(), []),
          request,
          {
            ids: [snapshot.renderId],
          },
        )
      : [];
  // The queue still has the render.
  const canRedrive = letter !== undefined && letter.jobFailedAt > 0;
  const forecast = canRedrive ? forecastRedrive(letter, { settings, now: clock.now() }) : undefined;
  const canState =
    may('operator') &&
    (snapshot.step === 'hold' || snapshot.status === 'failed') &&
    (await withFallback(EXTRAS_DEADLINE_MS, canStatePurchase(lookup, snapshot.renderId), false));
  const price = toPrice(getRenderPrice(settings, snapshot.request.resolution));
  return {
    cancel: !hasEnded(snapshot) && may('enqueue or operate'),
    ...(forecast
      ? {
          redrive: {
            step: forecast.step ?? null,
            action: forecast.action,
            price: toPrice(forecast.priceMicros),
          },
        }
      : {}),
    ...(canState ? { statement: { price } } : {}),
    ...(may('operate') && isPaused(waitingFor) ? { letThrough: { price } } : {}),
    ...(may('operate') && isCopyable(snapshot) && copy === undefined
      ? { buyAgain: { price: toPrice(priceCopy(prices, snapshot)) } }
      : {}),
    resend: deliveries.length > 0 && may('operate'),
  };
}

/** A pause of a whole queue lets no render through. */
const isPaused = (waitingFor: WaitingFor | null): boolean =>
  waitingFor !== null &&
  [waitingFor, ...waitingFor.also].some(
    ({ cause, name }) => cause === 'paused' && name?.startsWith('queue-') !== true,
  );

const toPrice = (micros: number | undefined) => (micros === undefined ? null : formatDollars(micros));

async function readLogNotes(queues: Queues, renderId: string): Promise<Note[]> {
  const { logs } = await queues.render.getJobLogs(renderId);
  return logs.flatMap((line) => parseNote(line) ?? []);
}

async function listActions({ store }: RenderPageDeps, renderId: string): Promise<AuditEntry[]> {
  const list = { kind: 'target', target: { kind: 'render', id: renderId } } as const;
  return (await listAuditEntries(store, list, { limit: MAX_ACTIONS })).entries;
}
