import type { OverridableName } from '@darkroom/api';
import { announceChange, ControlStore } from '@darkroom/shared/control';
import { listWorkerRecords, type WorkerRecord } from '@darkroom/shared/queues';
import type { Harness } from './harness.ts';

/** Overrides a limit as the API does. @returns when it was announced, in Unix milliseconds */
export async function overrideLimit(
  { store, queues }: Harness,
  name: OverridableName,
  value: number,
  until?: number,
): Promise<number> {
  const override = { name, value, actor: 'ann', reason: 'test', since: Date.now() };
  await new ControlStore(store).setOverride({ ...override, ...(until === undefined ? {} : { until }) });
  await announceChange(queues);
  return Date.now();
}

/** Drains a worker, or lets it take jobs again, as the API does. */
export async function setDrain({ store, queues }: Harness, worker: string, on: boolean): Promise<void> {
  const control = new ControlStore(store);
  if (on) await control.putDrain({ worker, actor: 'ann', reason: 'test', since: Date.now() });
  else await control.removeDrain(worker);
  await announceChange(queues);
}

export const readRecord = async ({ queues }: Harness, worker: string): Promise<WorkerRecord | undefined> =>
  (await listWorkerRecords(queues)).find(({ name }) => name === worker);
