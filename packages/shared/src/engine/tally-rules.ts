import type { RenderStatus } from '@darkroom/api';
import { type RunClosing, TALLY_STATUSES, type TalliedRender, type TallyChange } from './run-tallies.ts';

/** The statuses of renders that have not ended. */
export const REMAINING_STATUSES: readonly RenderStatus[] = TALLY_STATUSES.slice(0, 3);

export const AMOUNTS = ['spentMicros', 'refundedMicros', 'possiblySpentMicros'] as const;

/** What a change does to one render: the rules of both implementations. The script of Redis has them in Lua. */
export function decideChange(
  change: TallyChange,
  known: TalliedRender | undefined,
  render: TalliedRender,
  closed: RunClosing | undefined,
): 'set' | 'remove' | 'refuse' | 'keep' {
  switch (change) {
    case 'add':
      if (known) return 'keep';
      return closed ? 'refuse' : 'set';
    case 'withdraw':
      return known?.place === 1 && known.status === 'queued' ? 'remove' : 'keep';
    case 'move':
      return known && known.place > render.place ? 'keep' : 'set';
    case 'fill':
      return known && known.place >= render.place ? 'keep' : 'set';
  }
}
