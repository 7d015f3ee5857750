import type { CatalogueRunStore, NightState, ScheduleId, ScheduleStore } from '@darkroom/catalogue';

export interface NightStores {
  schedules: ScheduleStore;
  runs: CatalogueRunStore;
}

/** Reads what the store has of a night and its run. */
export async function readNightState(
  { tenant, catalogue }: ScheduleId,
  date: string,
  { schedules, runs }: NightStores,
  signal: AbortSignal,
): Promise<NightState> {
  const record = await schedules.readNight({ tenant, catalogue }, date, { signal });
  const state = { record, begunAt: undefined, plan: undefined, partsAdded: 0, summary: undefined };
  if (record?.outcome !== 'started') return state;
  const id = { tenant, catalogue, run: record.run };
  const [begunAt, plan, summary] = await Promise.all([
    runs.readBegun(id, { signal }),
    runs.readPlan(id, { signal }),
    runs.readSummary(id, { signal }),
  ]);
  const partsAdded = plan && !summary ? (await runs.listAdded(id, { signal })).size : 0;
  return { record, begunAt, plan, partsAdded, summary };
}
