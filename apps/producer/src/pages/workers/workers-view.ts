import type { RenderStatus, WorkerResponse, WorkerState } from '@darkroom/api';
import { emptyState, html, type Markup, stateBadge, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';

/** Each state looks like a state of a render. */
const STATES: Record<WorkerState, RenderStatus> = {
  running: 'completed',
  draining: 'storing',
  drained: 'queued',
  lost: 'failed',
};

/** What each state means for the operator who stops a worker. */
const NOTES: Partial<Record<WorkerState, string>> = {
  draining: 'finishes its jobs',
  drained: 'safe to stop',
  lost: 'not seen for ten seconds',
};

export const createWorkersView = (workers: readonly WorkerResponse[], mayChange: boolean): Markup =>
  workers.length === 0
    ? emptyState('No worker was seen.')
    : table(
        ['Worker', 'State', 'Runs now', 'Version', 'Started', 'Last seen', 'Drain'],
        workers.map((worker) => [
          html`<code>${worker.name}</code>`,
          html`${stateBadge(STATES[worker.state], worker.state)}${NOTES[worker.state] && html` <span class="soft">${NOTES[worker.state]}</span>`}`,
          describeActive(worker),
          worker.version,
          formatTime(Date.parse(worker.since)),
          formatTime(Date.parse(worker.last_seen)),
          drainCell(worker, mayChange),
        ]),
      );

const describeActive = ({ active }: WorkerResponse): string =>
  Object.entries(active)
    .map(([queue, count]) => `${count} ${queue}`)
    .join(', ') || 'nothing';

function drainCell({ name, drain }: WorkerResponse, mayChange: boolean): Markup {
  if (drain)
    return html`${drain.reason} <span class="soft">(${drain.actor})</span>${mayChange && html`<form method="post" action="/workers/${name}/undrain"><button>Undrain</button></form>`}`;
  return html`${mayChange && html`<form method="post" action="/workers/${name}/drain" class="row"><input name="reason" aria-label="Reason" placeholder="reason" required maxlength="200" size="12"><button>Drain</button></form>`}`;
}
