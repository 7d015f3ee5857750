import { describe, expect, test } from 'vitest';
import { DATA_VERSION, NewerDataError, type Upgrades, upgradePersisted } from '../../src/render/index.ts';

describe('upgradePersisted()', () => {
  test('data of the present version stays unchanged', () => {
    const data = { version: DATA_VERSION, renderId: 'rnd_1' };
    const upgrades: Upgrades = { [DATA_VERSION]: { receipt: () => ({ renderId: 'changed' }) } };
    expect(upgradePersisted('receipt', data, upgrades)).toBe(data);
  });

  test('data of a newer version throws NewerDataError with the kind and both versions', () => {
    const upgrade = () => upgradePersisted('dead-letter', { version: DATA_VERSION + 41 });
    expect(upgrade).toThrow(NewerDataError);
    expect(upgrade).toThrow(
      `A dead-letter has version ${DATA_VERSION + 41}; this process reads versions up to ${DATA_VERSION}.`,
    );
  });

  test.for([[undefined], [null], ['text'], [{ renderId: 'rnd_1' }], [{ version: '1' }]])(
    'a value without a version is left to its schema: %j',
    ([value]) => {
      expect(upgradePersisted('checkpoint', value)).toBe(value);
    },
  );

  test('older data passes all upgrade steps of its kind in order', () => {
    const append = (step: string) => (data: Record<string, unknown>) => ({
      ...data,
      steps: [...(data['steps'] as string[]), `${step} from ${String(data['version'])}`],
    });
    const first = DATA_VERSION - 3;
    const upgrades: Upgrades = {
      [first]: { receipt: append('first') },
      // This step changes another kind only.
      [first + 1]: { intent: append('intent') },
      [first + 2]: { receipt: append('last') },
    };
    const old = { version: first, steps: [] };
    expect(upgradePersisted('receipt', old, upgrades)).toEqual({
      version: DATA_VERSION,
      steps: [`first from ${first}`, `last from ${first + 2}`],
    });
    expect(old).toEqual({ version: first, steps: [] });
  });
});
