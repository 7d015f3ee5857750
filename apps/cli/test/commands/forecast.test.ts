import { expect, test } from 'vitest';
import { formatForecast } from '../../src/commands/renders/render-view.ts';

const NOW = Date.UTC(2026, 10, 27, 3);
const later = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const provider = { progress: null, position: null, position_reason: 'not_at_provider' as const };

test('a waiting render shows the renders ahead, and when it is probably ready and nearly certainly', () => {
  const facts = {
    queue_position: 13,
    provider,
    eta: later(60),
    eta_p90: later(180),
    eta_reason: null,
  };
  const shown = Object.fromEntries(formatForecast(facts, NOW));
  expect(shown).toMatchObject({ ahead: '12 renders', provider: undefined });
  expect(shown['ready']).toContain('03:01:00');
  expect(shown['ready']).toMatch(/nine of ten before .*03:03:00/);
});

test('a render without an ETA shows the reason, and an ended one shows nothing', () => {
  const none = { queue_position: null, eta: null, eta_p90: null };
  const reported = { ...provider, progress: 40 };
  const paused = { ...none, provider: reported, eta_reason: 'paused' as const };
  expect(Object.fromEntries(formatForecast(paused, NOW))).toEqual({
    ahead: undefined,
    provider: '40 %',
    ready: 'not known: paused',
  });
  const ended = { ...none, provider, eta_reason: 'ended' as const };
  expect(Object.fromEntries(formatForecast(ended, NOW))['ready']).toBeUndefined();
});
