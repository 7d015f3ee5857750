import type { RedriveAction } from '@darkroom/api';
import { getRenderPrice } from '@darkroom/shared/config';
import type { Ledger } from '@darkroom/shared/ledger';
import { isStoreAway } from '@darkroom/shared/object-store';
import { PART_RENDERS, type PlanItem, type RedrivePlan, type RedriveStore } from '@darkroom/shared/redrives';
import { randomHex } from '@darkroom/shared/render';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import {
  type ForecastContext,
  forecastRedrive,
  GROUP_KEY,
  type OpenDeadLetter,
} from '../dead-letters/index.ts';

/** How long a plan can be executed: prices and expiry times change. */
const PLAN_LIFETIME_MS = 24 * 3_600_000;
/** Renders whose ledger is read at the same time, and parts that are written at the same time. */
const PARALLEL = 16;

export interface PlanDeps {
  ledger: Ledger;
  redrives: RedriveStore;
}

/**
 * Makes a plan for these dead letters and writes it. Where the dead letter does not say whether a redrive buys, the
 * ledger is read.
 *
 * @param letters the latest failure first
 */
export async function createPlan(
  { ledger, redrives }: PlanDeps,
  letters: readonly OpenDeadLetter[],
  { scope, notFound, ...context }: ForecastContext & { scope: string; notFound: string[] },
): Promise<RedrivePlan> {
  const key = randomHex(16);
  const open = letters.toReversed().filter(({ jobFailedAt }) => jobFailedAt > 0);
  const items = await pMap(open, (letter) => planRender(letter, ledger, context), { concurrency: PARALLEL });
  const parts = Array.from({ length: Math.ceil(items.length / PART_RENDERS) }, (_, part) => part);
  const withDeadline = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    withStoreDeadline(STORE_DEADLINE_MS.small, work);
  await pMap(
    parts,
    (part) => {
      const from = part * PART_RENDERS;
      return withDeadline((signal) =>
        redrives.writePlanPart(key, part, items.slice(from, from + PART_RENDERS), { signal }),
      );
    },
    { concurrency: PARALLEL },
  );
  const gone = letters.filter(({ jobFailedAt }) => jobFailedAt === 0).map(({ renderId }) => renderId);
  const plan = summarizePlan(items, {
    key,
    scope,
    createdAt: context.now,
    notFound: [...notFound, ...gone].slice(0, 100),
  });
  await withDeadline((signal) => redrives.writePlan(plan, { signal }));
  return plan;
}

async function planRender(
  letter: OpenDeadLetter,
  ledger: Ledger,
  context: ForecastContext,
): Promise<PlanItem> {
  const { renderId, end, resume, request } = letter;
  const step = resume?.step ?? letter.step;
  const attempt = resume?.attempt ?? Math.max(1, letter.attempts);
  const { action } = forecastRedrive(letter, context);
  return {
    id: renderId,
    end,
    attempt,
    step,
    action:
      action === 'acknowledge' || action === 'unknown'
        ? await readAction(letter, action, ledger).catch(unknownUnlessAway)
        : action,
    priceMicros: getRenderPrice(context.settings, request.resolution),
    ...(letter.resultExpiresAt === undefined ? {} : { expiresAt: letter.resultExpiresAt }),
    groups: [
      GROUP_KEY.reason(letter),
      GROUP_KEY.run(letter),
      GROUP_KEY.tenant(letter),
      GROUP_KEY.model(letter),
      GROUP_KEY.step(letter),
    ],
  };
}

/** A record that cannot be read must not keep the other renders from a plan. */
function unknownUnlessAway(error: unknown): RedriveAction {
  if (isStoreAway(error)) throw error;
  return 'unknown';
}

/** What the ledger says about the attempt with which a redrive goes on. */
async function readAction(
  { renderId, resume }: OpenDeadLetter,
  forecast: RedriveAction,
  ledger: Ledger,
): Promise<RedriveAction> {
  if (!resume) return 'unknown';
  const { step, attempt } = resume;
  return await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
    if (step === 'submit' || step === 'hold') {
      const { kind } = await ledger.attemptState(renderId, attempt, signal);
      // Its task id has arrived, or it was canceled.
      if (kind === 'accepted' || kind === 'canceled') return 'resume';
      if (kind === 'unclaimed' && step === 'submit') return 'buy';
    }
    const statement = await ledger.readStatement(renderId, attempt, signal);
    // An operator has said before that it may be bought again.
    if (statement) return statement.kind === 'bought' ? 'resume' : 'buy';
    return forecast === 'unknown' && step === 'submit' ? 'acknowledge' : forecast;
  });
}

function summarizePlan(
  items: readonly PlanItem[],
  facts: Pick<RedrivePlan, 'key' | 'scope' | 'createdAt' | 'notFound'>,
): RedrivePlan {
  const steps = { submit: 0, hold: 0, poll: 0, store: 0, finish: 0 };
  const counts = { buy: 0, acknowledge: 0, unknown: 0, resume: 0 };
  const micros = { buy: 0, acknowledge: 0, unknown: 0, resume: 0 };
  for (const { step, action, priceMicros } of items) {
    steps[step] += 1;
    counts[action] += 1;
    micros[action] += priceMicros;
  }
  return {
    ...facts,
    expiresAt: facts.createdAt + PLAN_LIFETIME_MS,
    total: items.length,
    steps,
    buys: counts.buy,
    priceMicros: micros.buy,
    acknowledges: counts.acknowledge,
    acknowledgeMicros: micros.acknowledge,
    unknown: counts.unknown,
  };
}
