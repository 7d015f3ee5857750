import { requires, until } from '@darkroom/testkit';
import { expect, onTestFailed } from 'vitest';
import {
  type Audit,
  auditNight,
  formatNight,
  openOperator,
  planNight,
  readSeed,
  runIncidents,
  startNight,
} from './support/night/index.ts';

requires('redis', 's3').test(
  "after a night of faults, the provider's charges lie between the sum of `spent` and the sum of `spent` and `possibly_spent`",
  async () => {
    const plan = planNight(readSeed());
    const night = await startNight(plan);
    const operator = openOperator(night, plan);
    let audit: Audit | undefined;
    onTestFailed(() => void process.stderr.write(`${formatNight(plan, night, audit)}\n`));

    await night.darkroom.renders.createMany(plan.renders.map(({ request }) => request)).finish();
    await Promise.all([
      runIncidents(night, plan.incidents),
      until(() => operator.makeRound(), { timeout: 150_000, every: 250, what: 'every render ended' }),
    ]);
    await until(() => night.hasDeliveredEnds(), { timeout: 30_000, what: 'every end delivered' });

    audit = await auditNight(night, plan, operator.deeds);
    expect(audit.problems).toEqual([]);
    expect(audit.renders).toHaveLength(plan.renders.length);
    const planned = [...new Set(plan.faults.map(({ kind }) => kind))];
    const fired = night.simulator.faults.fired();
    expect(planned.filter((kind) => !fired[kind])).toEqual([]);
    // The night was one: money was spent, refunded and possibly spent.
    expect(Math.min(audit.cost.spent, audit.cost.refunded, audit.cost.possiblySpent)).toBeGreaterThan(0);
  },
  240_000,
);
