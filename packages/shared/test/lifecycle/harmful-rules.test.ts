import { describe, expect, test } from 'vitest';
import { findHarmfulRules, listKeptObjects } from '../../src/lifecycle/index.ts';
import type { ExpiryRule } from '../../src/object-store/index.ts';

const kept = (IMAGE_KEY = 'images/{id}.{ext}') => listKeptObjects({ RETENTION_DAYS: 7, IMAGE_KEY });

/** The prefixes that a rule harms. */
const findHarm = (rule: Partial<ExpiryRule>, imageKey?: string): string[] =>
  findHarmfulRules([{ id: 'r', fullPrefix: '', prefix: '', days: 30, ...rule }], kept(imageKey)).flatMap(
    ({ harmed }) => harmed.map(({ prefix }) => prefix),
  );

describe('harmful lifecycle rules', () => {
  test('a rule for the whole store harms everything that must stay longer', () => {
    const records = [
      'ledger/',
      'renders/',
      'intake/',
      'budgets/',
      'config/',
      'access/',
      'control/',
      'open-runs/',
      'dead-letters/',
      'catalogues/',
      'open-catalogue-runs/',
      'open-batches/',
    ];
    expect(findHarm({ days: 3650 })).toEqual(records);
    expect(findHarm({ days: 28 })).toEqual([...records, 'balance/', 'inputs/']);
    expect(findHarm({ days: 27 })).toEqual([
      ...records,
      'audit/',
      'redrives/',
      'runs/',
      'runs-by-time/',
      'batches/',
      'batches-by-time/',
      'files/',
      'files-by-time/',
      'spend/',
      'balance/',
      'reconciliations/',
      'by-day/',
      'inputs/',
    ]);
    expect(findHarm({ days: 1 })).toEqual(kept().map(({ prefix }) => prefix));
  });

  test('a rule with a date harms everything that it matches, since it deletes new objects, too', () => {
    expect(findHarm({ days: 0, date: 1, prefix: 'images/' })).toEqual(['images/']);
    expect(findHarm({ days: 0, date: 1 })).toHaveLength(kept().length);
  });

  test('a rule for one prefix harms only the objects below it', () => {
    expect(findHarm({ prefix: 'ledger/', days: 3650 })).toEqual(['ledger/']);
    expect(findHarm({ prefix: 'led', days: 3650 })).toEqual(['ledger/']);
    expect(findHarm({ prefix: 'ledger/rnd_0', days: 3650 })).toEqual(['ledger/']);
    expect(findHarm({ prefix: 'images/', days: 30 })).toEqual([]);
    expect(findHarm({ prefix: 'inputs/', days: 29 })).toEqual([]);
    expect(findHarm({ prefix: 'probe/', days: 1 })).toEqual([]);
  });

  test('a rule by size harms only objects of such sizes', () => {
    // Empty objects: the indexes of lists, and the markers of dead letters.
    expect(findHarm({ smallerThan: 1, days: 1 })).toEqual([
      'control/',
      'open-runs/',
      'dead-letters/',
      'catalogues/',
      'open-catalogue-runs/',
      'open-batches/',
      'redrives/',
      'runs/',
      'runs-by-time/',
      'batches-by-time/',
      'files-by-time/',
      'spend/',
      'balance/',
      'by-day/',
    ]);
    expect(findHarm({ largerThan: 5_000_000, days: 1 })).toEqual([
      'catalogues/',
      'batches/',
      'files/',
      'inputs/',
      'thumbnails/',
      'images/',
    ]);
    expect(findHarm({ largerThan: 0, days: 3650 })).toEqual([
      'ledger/',
      'renders/',
      'intake/',
      'budgets/',
      'config/',
      'access/',
      'control/',
      'catalogues/',
    ]);
  });

  test('images without a prefix of their own are spared by a rule for another prefix', () => {
    const imageKey = '{tenant}/{id}.{ext}';
    expect(findHarm({ prefix: 'uploads/', days: 1 }, imageKey)).toEqual(['uploads/']);
    expect(findHarm({ prefix: 'shop/', days: 1 }, imageKey)).toEqual(['']);
    expect(findHarm({ days: 1 }, imageKey)).toContain('');
  });
});
