import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBacklog, iterateNewestFirst } from '../../src/lookup/backlog.ts';
import { isAfter, type Position } from '../../src/lookup/position.ts';

const newestFirst = <P extends Position>(positions: readonly P[]): P[] =>
  positions.toSorted((one, other) => (isAfter(one, other) ? 1 : -1));

test('queued renders are in the order of lists, whatever the order of their additions, and each once', () => {
  const render = fc.record({
    tenant: fc.constantFrom('ann', 'bob'),
    createdAt: fc.integer({ min: 0, max: 20 }),
    renderId: fc.integer({ min: 0, max: 40 }).map((id) => `rnd_${id}`),
  });
  fc.assert(
    fc.property(fc.array(fc.array(render)), fc.integer({ min: 0, max: 21 }), (batches, notBefore) => {
      const backlog = createBacklog();
      // The first addition of an id counts.
      const known = new Map<string, (typeof batches)[number][number]>();
      for (const batch of batches) {
        const own = batch.filter(
          (one, at) => batch.findIndex((other) => other.renderId === one.renderId) === at,
        );
        backlog.add(own);
        for (const one of own) if (!known.has(one.renderId)) known.set(one.renderId, one);
      }
      const start = { createdAt: 20, renderId: '' };
      for (const tenant of ['ann', 'bob', '*']) {
        const expected = newestFirst([...known.values()]).filter(
          (one) => (tenant === '*' || one.tenant === tenant) && one.createdAt >= notBefore,
        );
        const listed = [...iterateNewestFirst(backlog.listOldestFirst(tenant), start, notBefore)];
        expect(listed).toEqual(expected);
      }
    }),
  );
});

test('a list that is being read gets each render once, while others are added', () => {
  const backlog = createBacklog();
  const createRender = (createdAt: number) => ({ tenant: 'ann', createdAt, renderId: `rnd_${createdAt}` });
  backlog.add([10, 30, 50].map(createRender));
  const start = { createdAt: 100, renderId: '' };
  const list = iterateNewestFirst(backlog.listOldestFirst('ann'), start, 0);
  const first = list.next().value?.createdAt;
  backlog.add([60, 40, 5].map(createRender));
  const rest = [...list].map(({ createdAt }) => createdAt);
  expect([first, ...rest]).toEqual([50, 40, 30, 10, 5]);
});
