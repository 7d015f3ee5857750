import { type Delivery, measureDelivery } from '../intake/delivery.ts';
import { type Flatness, measureFlatness } from '../intake/memory.ts';
import { measureRates, type Rates } from '../intake/rates.ts';
import { reportIntake } from '../report/intake.ts';
import type { Scenario } from './scenario.ts';

export interface IntakeResult {
  rates: Rates;
  memory: Flatness;
  delivery: Delivery;
}

/** The producer: how fast renders get in, what memory a long call takes, how soon a caller knows of the end. */
export const intake: Scenario<IntakeResult> = {
  name: 'intake',
  report: reportIntake,
  run: async (ground, size) => ({
    rates: await measureRates(ground, size),
    memory: await measureFlatness(ground, size),
    delivery: await measureDelivery(ground, size),
  }),
};
