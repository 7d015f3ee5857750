import { systemClock } from '@darkroom/shared/runtime';
import { until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { type RunningDarkroom, startDarkroom } from './running-darkroom.ts';

/** The price of so many purchases, as the API writes it. */
export const formatDollars = (purchases: number) => (purchases * 0.025).toFixed(3);

/** What breaks at the provider, by a word of the prompt. Each rule lasts until the provider is repaired. */
const FAULTS = {
  chair: { kind: 'no_channel' },
  lamp: { kind: 'accept_then_cut' },
  vase: { kind: 'cut_before' },
  clock: { kind: 'query_404', forMs: 86_400_000 },
  shelf: { kind: 'redirect', to: 'https://elsewhere.example/image.png', forMs: 86_400_000 },
  table: { kind: 'fail_task' },
  mirror: { kind: 'refuse_content' },
} as const satisfies Record<string, FaultRule>;
type Subject = keyof typeof FAULTS;

/** Two kinds of lost answers look the same: one bought the image, the other did not. */
const SIX_WAYS: readonly (readonly Subject[])[] = [
  ['chair'],
  ['lamp', 'vase'],
  ['clock'],
  ['shelf'],
  ['table'],
  ['mirror'],
];

/** The codes of the six ways, sorted. */
export const SIX_CODES = [
  'content_policy_violation',
  'generation_failed',
  'result_host_refused',
  'submission_unknown',
  'task_lost',
  'upstream_unreachable',
];

export interface Drill {
  server: RunningDarkroom;
  /** Ids of all renders, sorted. */
  ids: string[];
  /** Ids of the renders of these subjects, sorted. */
  having(...wanted: Subject[]): string[];
}

/** Renders that have all failed, in six ways. `DRILL_RENDERS=300` is the large drill. */
export async function startDrill(few: number): Promise<Drill> {
  const count = Number(process.env['DRILL_RENDERS'] ?? few);
  const server = await startDarkroom(
    { SUBMIT_ATTEMPTS: 1, MAX_PURCHASES: 1, UNKNOWN_GRACE_MS: 200, TASK_MISSING_GRACE_MS: 200 },
    // Jitter is always low, so that backoffs are short.
    { clock: { ...systemClock, random: () => 0.02 } },
  );
  for (const [subject, fault] of Object.entries(FAULTS))
    server.simulator.faults.add({ ...fault, promptIncludes: subject, rate: 1 } as FaultRule);
  const subjects = new Map<string, Subject>();
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const way = SIX_WAYS[at % SIX_WAYS.length] as readonly Subject[];
      const subject = way[Math.floor(at / SIX_WAYS.length) % way.length] as Subject;
      subjects.set(await server.create({ prompt: `${subject} ${at}`, run: 'night' }), subject);
    }),
  );
  await until(async () => (await server.json(['dead-letters', 'summary'])).count === count, {
    timeout: 200_000,
  });
  return {
    server,
    ids: [...subjects.keys()].sort(),
    having: (...wanted) =>
      [...subjects].flatMap(([id, subject]) => (wanted.includes(subject) ? [id] : [])).sort(),
  };
}

/** Repairs the provider. @returns what it billed before and bills afterwards */
export function repairProvider({ server: { simulator } }: Drill) {
  simulator.faults.clear();
  const before = simulator.book.totals();
  const known = new Set(simulator.book.entries().map(({ taskId }) => taskId));
  return {
    before,
    /** What the purchases since then cost, in micro-dollars. */
    spent: () => simulator.book.totals().net - before.net,
    /** The renders that were bought since then, sorted. */
    boughtIds: () =>
      simulator.book
        .entries()
        .filter(({ taskId }) => !known.has(taskId))
        .map(({ clientBusinessId }) => clientBusinessId ?? '')
        .sort(),
  };
}
