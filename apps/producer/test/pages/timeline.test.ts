import { describe, expect, test } from 'vitest';
import { createBars, createTimeline, formatDuration } from '../../src/pages/timeline.ts';

describe('the timeline of a render', () => {
  const snapshot = { createdAt: 1000, updatedAt: 9000, status: 'completed', purchases: [] } as never;
  const notes = [
    { at: 1200, text: 'picked up' },
    { at: 8000, text: 'stored' },
  ];

  test('the timeline shows the time between the steps, up to the end', () => {
    expect(createTimeline(snapshot, notes, 99_999)).toEqual([
      { at: 1000, text: 'accepted', took: 200 },
      { at: 1200, text: 'picked up', took: 6800 },
      { at: 8000, text: 'stored', took: 1000 },
      { at: 9000, text: 'completed' },
    ]);
  });

  test('the timeline shows a failure once', () => {
    const dead = { ...(snapshot as object), status: 'failed' } as never;
    const entries = createTimeline(dead, [{ at: 8999, text: 'dead: task_lost: gone' }], 99_999);
    expect(entries.map(({ text }) => text)).toEqual(['accepted', 'dead: task_lost: gone']);
  });

  test('the timeline of a running render continues until now', () => {
    const running = { ...(snapshot as object), status: 'rendering' } as never;
    expect(createTimeline(running, notes, 10_000).at(-1)).toEqual({ at: 8000, text: 'stored', took: 2000 });
  });

  test('the bars of a timeline form a waterfall over its whole time, and short ones stay visible', () => {
    const moments = createTimeline(snapshot, [{ at: 1000, text: 'at once' }, ...notes], 99_999);
    const bars = createBars(moments);
    expect(bars).toEqual([
      { start: 0, width: 4 },
      { start: 0, width: 25 },
      { start: 25, width: 850 },
      { start: 875, width: 125 },
      undefined,
    ]);
    const end = createBars([
      { at: 0, text: 'a', took: 1_000_000 },
      { at: 1_000_000, text: 'b', took: 1 },
    ]);
    expect(end[1]).toEqual({ start: 996, width: 4 });
    expect(createBars([{ at: 5, text: 'alone' }])).toEqual([undefined]);
  });

  test.each([
    [0, '0 ms'],
    [999.6, '1.0 s'],
    [12_345, '12.3 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [11_220_000, '3 h 07 min'],
  ])('formatDuration() shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
