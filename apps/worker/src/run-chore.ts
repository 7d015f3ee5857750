import { CatalogueRunStore, resumeRuns, ScheduleStore } from '@darkroom/catalogue';
import { BatchStore, resumeBatches } from '@darkroom/shared/batches';
import type { ControlReader } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import {
  createExpiringImageReader,
  type MaintenanceJob,
  type Queues,
  type Repair,
  type SweepReport,
} from '@darkroom/shared/queues';
import { createBudgetSweepMemory, sweepBudgets } from './budgets/index.ts';
import { startNights } from './catalogue/index.ts';
import { sweepControl, sweepLimits, sweepWorkers } from './control/index.ts';
import {
  checkAccount,
  createReceiptSweepMemory,
  createSweepMemory,
  recordBalance,
  reportRepairs,
  sweep,
  sweepAccountStop,
  sweepCancelMarkers,
  sweepDelays,
  sweepHolds,
  sweepReceipts,
  type WarnedRenders,
  warnOfExpiringImages,
} from './maintenance/index.ts';
import type { EndDeps } from './render/index.ts';
import { createJournalSweepMemory, sweepJournal } from './restore/index.ts';
import { type RunStageDeps, type RunSweepMemory, sweepRuns } from './runs/index.ts';
import type { Infra, StageJob, StageOutcome } from './stage/index.ts';

export interface ChoreDeps extends Infra, Omit<EndDeps, 'ledger'>, Pick<RunStageDeps, 'enqueueRunWebhooks'> {
  engine: Engine;
  queues: Queues;
  control: Pick<ControlReader, 'refresh'>;
}

/** The stage of queue `maintenance`. It remembers what its last runs saw. */
export function createChoreStage(deps: ChoreDeps) {
  const { engine, queues, clock } = deps;
  const memory = createSweepMemory();
  const journalMemory = createJournalSweepMemory();
  const receiptMemory = createReceiptSweepMemory();
  const budgetMemory = createBudgetSweepMemory();
  const runMemory: RunSweepMemory = new Map();
  const webhookWaits = new Map();
  const readExpiring = createExpiringImageReader(engine, queues);
  const warned: WarnedRenders = new Set();
  const catalogueRuns = new CatalogueRunStore(deps.store);
  const batches = new BatchStore(deps.store);
  const nights = { ...deps, runs: catalogueRuns, schedules: new ScheduleStore(deps.store) };

  return async (
    job: StageJob<MaintenanceJob>,
  ): Promise<StageOutcome<SweepReport | undefined, MaintenanceJob>> => {
    const { data, signal } = job;
    if (data.chore === 'check-account') return await checkAccount({ ...job, data }, deps);
    const now = clock.now();
    const present = { ...deps, signal };
    // First: a repair that fails must not cost a night.
    await startNights(nights, signal);
    warnOfExpiringImages(await readExpiring(now), warned, deps);
    const repairs: Record<Repair, number> = {
      dead_letter_written: await sweep({ ...present, memory }),
      cancel_woken: await sweepCancelMarkers(present),
      delay_ended: await sweepDelays({ ...present, webhookWaits }),
      hold_ended: await sweepHolds(present),
      render_added: (await sweepJournal(deps, journalMemory, { signal })).added,
      receipt_written: await sweepReceipts({ ...present, memory: receiptMemory }),
      budget_corrected: await sweepBudgets({ ...present, memory: budgetMemory }),
    };
    await resumeRuns(queues, catalogueRuns, signal);
    await resumeBatches(queues, batches, signal);
    await recordBalance(present);
    await sweepRuns({ ...present, memory: runMemory });
    await sweepAccountStop(queues, clock.now());
    await sweepControl(present);
    await sweepLimits(present);
    await sweepWorkers(present);
    return { kind: 'done', value: reportRepairs(repairs, deps) };
  };
}
