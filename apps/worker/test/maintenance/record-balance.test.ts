import { createProvider } from '@darkroom/providers';
import { listBalanceReadings, nameAccount } from '@darkroom/shared/balance';
import { utcDay } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import { expect } from 'vitest';
import { recordBalance } from '../../src/maintenance/index.ts';
import { createSweepDeps, openHarness } from '../support/harness.ts';

requires('redis').test(
  'the balance is recorded every five minutes by one of the workers, an empty or negative one, too, and never one without a limit',
  async () => {
    const harness = await openHarness();
    const { simulator, settings, store } = harness;
    const day = Date.UTC(2026, 10, 26);
    let now = day + 86_400_000 - 10 * 60_000;
    const clock = { ...systemClock, now: () => now };
    const provider = createProvider(settings, clock);
    const { deps } = createSweepDeps(harness);
    const record = (seconds: number) => {
      now += seconds * 1_000;
      return recordBalance({ ...deps, store, settings, provider, clock });
    };
    expect(await record(0)).toBe(false);
    await simulator.setBalance(1.25);
    expect(await record(0)).toBe(true);
    expect(await record(299)).toBe(false);
    await simulator.setBalance(0);
    expect(await record(1)).toBe(true);
    // The next day begins with a reading.
    await simulator.setBalance(-0.025);
    expect(await record(300)).toBe(true);
    const account = nameAccount(settings);
    const read = async (at: number) =>
      (await listBalanceReadings(store, utcDay(at))).map((one) => [one.at - day, one.micros, one.account]);
    expect(await read(day)).toEqual([
      [85_800_000, 1_250_000, account],
      [86_100_000, 0, account],
    ]);
    expect(await read(day + 86_400_000)).toEqual([[86_400_000, -25_000, account]]);
    // It names no key.
    expect(nameAccount({ ...settings, TOAPIS_API_KEY: 'another' })).not.toBe(account);
  },
);
