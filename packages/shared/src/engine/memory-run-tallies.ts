import type { RenderStatus } from '@darkroom/api';
import { randomHex } from '../render/index.ts';
import {
  type RunClosing,
  type RunRef,
  type RunTallies,
  TALLY_MINUTES,
  TALLY_STATUSES,
  type TalliedRender,
  type TallyState,
} from './run-tallies.ts';
import { AMOUNTS, decideChange, REMAINING_STATUSES } from './tally-rules.ts';

interface Tally {
  isReady: boolean;
  closed: RunClosing | undefined;
  opening: number;
  members: Map<string, TalliedRender>;
  counts: Record<RenderStatus, number>;
  amounts: Record<(typeof AMOUNTS)[number], number>;
  endedPerMinute: Map<number, number>;
}

const createTally = (): Tally => ({
  isReady: false,
  closed: undefined,
  opening: 0,
  members: new Map(),
  counts: Object.fromEntries(TALLY_STATUSES.map((status) => [status, 0])) as Record<RenderStatus, number>,
  amounts: { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 },
  endedPerMinute: new Map(),
});

/** {@link RunTallies} in this process. They are empty after a restart, so they are filled again. */
export function createMemoryRunTallies(): RunTallies {
  const tallies = new Map<string, Tally>();
  let revision: string | undefined;
  const nameRun = ({ tenant, id }: RunRef) => `${tenant}/${id}`;
  const find = (run: RunRef): Tally => {
    const name = nameRun(run);
    const found = tallies.get(name) ?? createTally();
    tallies.set(name, found);
    return found;
  };
  const countRemaining = ({ counts }: Tally) =>
    REMAINING_STATUSES.reduce((sum, status) => sum + counts[status], 0);
  const describe = (tally: Tally, refused: string[] = []): TallyState => {
    const { isReady, closed, opening } = tally;
    return { isReady, closed, opening, remaining: countRemaining(tally), refused };
  };
  const count = (tally: Tally, render: TalliedRender, sign: 1 | -1) => {
    tally.counts[render.status] += sign;
    for (const amount of AMOUNTS) tally.amounts[amount] += sign * render[amount];
  };
  const countMinute = ({ endedPerMinute }: Tally, { endedAt = 0 }: TalliedRender) => {
    const minute = Math.floor(endedAt / 60_000);
    const latest = Math.max(minute, ...endedPerMinute.keys());
    endedPerMinute.set(minute, (endedPerMinute.get(minute) ?? 0) + 1);
    for (const one of endedPerMinute.keys()) if (one <= latest - TALLY_MINUTES) endedPerMinute.delete(one);
  };
  const set = (tally: Tally, known: TalliedRender | undefined, render: TalliedRender) => {
    if (known) count(tally, known, -1);
    count(tally, render, 1);
    tally.members.set(render.renderId, render);
    if (render.endedAt !== undefined && known?.place !== render.place) countMinute(tally, render);
  };

  return {
    async open(run, isNew) {
      revision = randomHex(8);
      if (isNew && !tallies.has(nameRun(run))) Object.assign(find(run), { isReady: true, opening: 1 });
    },
    async find(run) {
      const found = tallies.get(nameRun(run));
      const { isReady, closed } = found ?? createTally();
      return { exists: found !== undefined, isReady, closed, revision };
    },
    async change(run, change, renders) {
      const tally = find(run);
      const refused: string[] = [];
      for (const render of renders) {
        const known = tally.members.get(render.renderId);
        const decision = decideChange(change, known, render, tally.closed);
        if (decision === 'set') set(tally, known, render);
        if (decision === 'refuse') refused.push(render.renderId);
        if (decision === 'remove' && known) {
          count(tally, known, -1);
          tally.members.delete(render.renderId);
        }
      }
      return describe(tally, refused);
    },
    async close(run, closing) {
      const tally = find(run);
      if (tally.closed !== 'canceled') tally.closed = closing;
      return describe(tally);
    },
    async markReady(run, opening) {
      return describe(Object.assign(find(run), { isReady: true, opening }));
    },
    async read(run) {
      const found = tallies.get(nameRun(run));
      if (!found) return undefined;
      const { refused: _, ...state } = describe(found);
      return {
        ...state,
        counts: { ...found.counts },
        ...found.amounts,
        endedPerMinute: new Map(found.endedPerMinute),
      };
    },
    async *listRenders(run, statuses) {
      const members = [...(tallies.get(nameRun(run))?.members.values() ?? [])];
      yield members.filter(({ status }) => statuses.includes(status)).map(({ renderId }) => renderId);
    },
    async finish(run, opening) {
      const found = tallies.get(nameRun(run));
      if (found && found.opening !== opening) return 'other';
      if (found && countRemaining(found) > 0) {
        found.opening += 1;
        return 'continues';
      }
      tallies.delete(nameRun(run));
      return 'removed';
    },
  };
}
