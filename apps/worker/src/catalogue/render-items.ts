import { PART_ITEMS, type RunPlan } from '@darkroom/catalogue';
import type { CatalogueJob } from '@darkroom/shared/queues';
import { addParts } from '../intake/index.ts';
import type { PartFacts } from './deliver-part.ts';
import { createEndRate } from './end-rate.ts';
import { openRunLocations } from './locations.ts';
import { OpenParts, writeResults } from './open-parts.ts';
import { createRunReferences } from './references.ts';
import type { RunContext } from './run-context.ts';
import { addToTally, createTally, type Tally } from './tally.ts';

/** How long a run waits before it reads ends again: longer with more renders, so that reading them stays a small part of the work. */
const roundMs = (pending: number) => Math.min(1_000, 100 + 2 * pending);

type Stop = NonNullable<PartFacts['stop']>;
interface Facts {
  open: OpenParts;
  waiting: readonly number[];
  stop: Stop | undefined;
  perMinute: number | undefined;
}
type Shown = Pick<CatalogueJob, 'phase' | 'stop' | 'progress'>;

/**
 * Adds the renders of the plan part by part, with back-pressure, and writes the results of each part when its renders have
 * ended. After the deadline, or a cancel, nothing more is bought: what was bought is still stored, and the rest is listed.
 *
 * The store says which parts were added and which have results, so a run that was killed, or lost by the queue, goes on
 * where it was.
 *
 * @param show writes what people see of the run
 * @returns what became of the items, and why the run stopped buying
 */
export async function renderItems(
  plan: RunPlan,
  context: RunContext,
  show: (shown: Shown) => Promise<void>,
): Promise<{ tally: Tally; stop: Stop | undefined }> {
  const { infra, job } = context;
  const locations = await openRunLocations(context);
  try {
    const open = new OpenParts(context, createRunReferences(context, locations));
    const { tally, waiting } = await resume(plan, open, context);
    const rate = createEndRate();
    const showProgress = () => {
      const now = infra.clock.now();
      rate.note(now, countEnded(tally, open));
      return show(describe(plan, tally, { open, waiting, stop, perMinute: rate.perMinute(now) }));
    };
    let stop: Stop | undefined;
    const readStop = async () => {
      stop = await findStop(plan, context);
      return stop;
    };
    const source = {
      partSize: PART_ITEMS,
      countPending: () => open.countPending(),
      isStopped: async () => (await readStop()) !== undefined,
      add: async (part: number) => {
        await open.add(part);
        waiting.shift();
        for (const entries of await open.deliverEnded(stop)) addToTally(tally, entries);
        await showProgress();
      },
    };
    for (;;) {
      job.signal.throwIfAborted();
      await addParts([...waiting], source, job.signal);
      const why = await readStop();
      if (why) {
        await open.stopPurchases(infra.clock.now());
        for (const part of waiting.splice(0)) addToTally(tally, await listNotAdded(part, why, context));
      }
      await open.readEnds(stop);
      for (const entries of await open.deliverEnded(stop)) addToTally(tally, entries);
      await showProgress();
      if (open.count === 0 && waiting.length === 0) return { tally, stop };
      await infra.clock.sleep(roundMs(open.countPending()), job.signal);
    }
  } finally {
    await locations.close();
  }
}

/** Reads from the store what earlier processes did. */
async function resume(
  plan: RunPlan,
  open: OpenParts,
  { id, own, job }: RunContext,
): Promise<{ tally: Tally; waiting: number[] }> {
  const options = { signal: job.signal };
  const tally = createTally();
  const delivered = await own.runs.listResults(id, options);
  const added = await own.runs.listAdded(id, options);
  const waiting: number[] = [];
  for (let part = 0; part < plan.parts; part += 1) {
    if (delivered.has(part)) addToTally(tally, await own.runs.readResults(id, part, options));
    else if (added.has(part)) await open.reopen(part);
    else waiting.push(part);
  }
  return { tally, waiting };
}

/** Why nothing more may be bought, as the store and the clock say now. */
async function findStop(
  { deadlineAt }: RunPlan,
  { id, infra, own, job }: RunContext,
): Promise<Stop | undefined> {
  if (await own.runs.readControl(id, { signal: job.signal })) return 'canceled';
  return deadlineAt !== null && infra.clock.now() >= deadlineAt ? 'deadline' : undefined;
}

/** The results of a part whose renders were never added. */
async function listNotAdded(part: number, stop: Stop, context: RunContext) {
  const facts = { stop, absent: { has: () => true }, impossible: new Map<string, string>() };
  const entries = await writeResults(part, facts, context);
  if (!entries) throw new Error(`part ${part} has no renders, and waits for a receipt`);
  return entries;
}

const countEnded = ({ counts }: Tally, open: OpenParts) => counts.items + open.countEnded();

function describe(
  { items, buys, priceMicros }: RunPlan,
  tally: Tally,
  { open, waiting, stop, perMinute }: Facts,
): Shown {
  const { counts, cost } = tally;
  return {
    phase: 'render',
    ...(stop ? { stop } : {}),
    progress: {
      items,
      buys,
      priceMicros,
      partsWaiting: waiting.length,
      pending: open.countPending(),
      ended: countEnded(tally, open),
      ...(perMinute === undefined ? {} : { endedPerMinute: perMinute }),
      delivered: counts.items,
      bought: counts.bought,
      unchanged: counts.unchanged,
      failed: counts.failed,
      notBought: counts.not_bought,
      quarantined: counts.quarantined,
      spentMicros: cost.spentMicros,
    },
  };
}
