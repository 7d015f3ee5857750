import { type Delivery, measureDelivery } from '../intake/delivery.ts';
import { type MemoryGrowth, measureMemory } from '../intake/memory.ts';
import { measureRates, type Rates } from '../intake/rates.ts';
import { reportIntake } from '../report/intake.ts';
import type { Scenario } from './scenario.ts';

export interface IntakeResult {
  rates: Rates;
  memory: MemoryGrowth;
  delivery: Delivery;
}

/** The producer: how fast it accepts renders, how much memory a long call uses, how soon a caller learns of the end. */
export const intake: Scenario<IntakeResult> = {
  name: 'intake',
  report: reportIntake,
  run: async (workspace, size) => ({
    rates: await measureRates(workspace, size),
    memory: await measureMemory(workspace, size),
    delivery: await measureDelivery(workspace, size),
  }),
};
