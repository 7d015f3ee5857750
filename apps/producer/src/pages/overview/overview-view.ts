import { FAILURES } from '@darkroom/api';
import type { AlarmCode } from '@darkroom/catalogue';
import { queuePauseName } from '@darkroom/shared/control';
import type { ExpiringImages, Repair } from '@darkroom/shared/queues';
import { actionTable } from '../audit-view.ts';
import { formatPrice } from '../dead-letters/index.ts';
import { card, createColumnChart, emptyState, html, type Markup, stat, table } from '../design/index.ts';
import { formatEta } from '../eta-text.ts';
import { createResumeForm } from '../pauses-page.ts';
import { createTile } from '../render-list/index.ts';
import { formatDuration } from '../timeline.ts';
import { createMoneySection } from './money-view.ts';
import { CHART_MINUTES, type OverviewFacts, type ReasonGroup } from './overview-facts.ts';

/** What the caller may do. */
export interface OverviewRights {
  /** The caller may pause and resume. */
  mayChange: boolean;
}

/** The overview. Pure. */
export function createOverview(facts: OverviewFacts, rights: OverviewRights): Markup {
  const problems = listProblems(facts, rights);
  return html`
<h1>Overview</h1>
<h2>Problems</h2>
${problems.length > 0 ? html`<div class="stack">${problems}</div>` : emptyState('Nothing needs an operator.')}
${rights.mayChange && html`<p><a class="button" href="/pauses">Pause renders</a></p>`}
<h2>Current work</h2>
${workSection(facts)}
<p><a href="/runs">Runs</a> · <a href="/batches">Batches</a> · <a href="/catalogues">Catalogues</a></p>
${facts.sharing.length > 0 && sharingSection(facts)}
<h2>Money of today</h2>
${createMoneySection(facts)}
<p><a href="/reconcile">Compare with the balance of the provider</a></p>
<h2>Renders that ended in the last hour</h2>
${chartSection(facts)}
<h2>Newest images</h2>
${
  facts.newest.length > 0
    ? html`<div class="gallery">${facts.newest.map((one) => createTile(one))}</div>`
    : emptyState(html`There is no image yet. <a href="/">The start page</a> has the first request.`)
}
<h2>Last actions of operators</h2>
${facts.actions.length > 0 ? actionTable(facts.actions) : emptyState('No operator has changed anything.')}
${facts.actions.length > 0 && html`<p><a href="/audit">The whole audit log</a></p>`}`;
}

function listProblems(facts: OverviewFacts, { mayChange }: OverviewRights): Markup[] {
  const { stops, deadLetters, now } = facts;
  const problem = (title: string, text: string | Markup) =>
    card(html`<p><strong>${title}</strong></p><p>${text}</p>`, 'problem');
  const warning = (title: string, text: string | Markup) =>
    card(html`<p><strong>${title}</strong></p><p>${text}</p>`, 'warning');
  const list: Markup[] = [];
  if (!facts.work) list.push(problem('The queue does not answer', 'Its numbers are missing on this page.'));
  if (facts.isStoreAway)
    list.push(problem('The object store is away', 'Renders wait for it. None fails for this reason.'));
  if (facts.incomplete)
    list.push(
      problem(
        'The queue was restarted or lost',
        html`A worker adds missing renders again: <a href="/queues/queue/restore">the restore</a>. Until then, some requests are answered <a href="/problems/restoring"><code>restoring</code></a>.`,
      ),
    );
  if (stops.account)
    list.push(problem('The account of the provider cannot buy', accountText(stops.account, now)));
  for (const { queue, record } of stops.pauses) {
    const text = record
      ? html`${record.reason} (${record.actor}, for ${formatDuration(now - record.since)})`
      : 'It was paused without Darkroom: neither the person nor the reason is known.';
    list.push(
      warning(
        `The queue ${queue} is paused`,
        html`${text} <a href="/queues/queue/${queue}">The queue</a>${mayChange && createResumeForm(queuePauseName(queue), 'overview')}`,
      ),
    );
  }
  for (const { name, scope, owner, reason, since, until } of facts.submissionPauses) {
    const parts = Object.entries(scope).map(([field, value]) => `${field} ${value}`);
    const end = until === undefined ? '' : `, until ${new Date(until).toISOString()}`;
    list.push(
      warning(
        `Submission is paused: ${parts.length > 0 ? parts.join(', ') : 'all renders'}`,
        html`${reason} (${owner}, for ${formatDuration(now - since)}${end}) <code>darkroom resume ${name}</code>${mayChange && createResumeForm(name, 'overview')}`,
      ),
    );
  }
  if (facts.workers === 0 && hasWork(facts))
    list.push(problem('No worker is running', 'Renders wait until a worker starts.'));
  if (facts.isAllDrained)
    list.push(
      problem(
        'All workers are drained',
        html`Renders wait until a worker takes jobs again. <a href="/workers">The workers</a>`,
      ),
    );
  if (facts.expiring) list.push(...listExpiring(facts.expiring, now, problem));
  for (const { tenant, catalogue, date, code, message } of facts.catalogueAlarms)
    list.push(
      problem(
        `A night of ${catalogue}: ${ALARM_TEXTS[code]}`,
        html`Tenant ${tenant}, ${date}. ${message} <a href="/catalogues">The catalogues</a> <code>darkroom catalogue list ${catalogue}</code>`,
      ),
    );
  const repairs = Object.entries(facts.repairs ?? {}) as [Repair, number][];
  if (repairs.length > 0)
    list.push(
      warning(
        'Sweeps repaired something in the last day',
        html`${repairs.map(([repair, count]) => `${count} × ${REPAIR_TEXTS[repair]}`).join('; ')}. The log of the workers names the renders.`,
      ),
    );
  for (const one of deadLetters?.groups ?? []) list.push(createGroupCard(one));
  if (deadLetters && deadLetters.more > 0)
    list.push(
      warning(
        `${deadLetters.more} more reasons of failures`,
        html`<a href="/dead-letters">All dead letters</a>`,
      ),
    );
  for (const { name, value, actor, reason, until } of facts.overrides) {
    const end = until === undefined ? '' : `, until ${new Date(until).toISOString()}`;
    list.push(
      warning(
        `A limit is overridden: ${name}`,
        html`${value}: ${reason} (${actor}${end}) <a href="/workers">The limits</a>`,
      ),
    );
  }
  for (const text of facts.engineWarnings)
    list.push(warning('A setting of the queue is not as it should be', text));
  return list;
}

const ALARM_TEXTS: Record<AlarmCode, string> = {
  missed: 'it did not run',
  did_not_start: 'it did not start',
  will_miss_deadline: 'it will miss its deadline',
  ended_with_failures: 'it ended with failures',
  too_fast: 'it was too fast',
};

const REPAIR_TEXTS: Record<Repair, string> = {
  dead_letter_written: 'a dead letter was missing',
  cancel_woken: 'a canceled render did not wake',
  delay_ended: 'a job was delayed while a clock was ahead',
  hold_ended: 'an unknown purchase was held too long',
  render_added: 'an accepted render was not in the queue',
  receipt_written: 'a receipt was missing',
  budget_corrected: 'the sum of a budget was wrong',
};

function listExpiring(
  { storing, failed }: ExpiringImages,
  now: number,
  problem: (title: string, text: Markup) => Markup,
): Markup[] {
  const [first] = [...storing, ...failed].sort((a, b) => a.expiresAt - b.expiresAt);
  if (!first) return [];
  return [
    problem(
      `Paid images expire within two hours: ${storing.length + failed.length}`,
      html`${storing.length} wait to be stored, ${failed.length} need a redrive. The first, <a href="/renders/${first.renderId}">${first.renderId}</a>, expires in ${formatDuration(first.expiresAt - now)}. <a href="/renders?status=storing">Renders that are being stored</a> · <a href="/dead-letters">Dead letters</a>`,
    ),
  ];
}

function createGroupCard({ group, expiringSoon }: ReasonGroup): Markup {
  const { code, key, count, message, redrive_price: price, acknowledge } = group;
  const title = code ? FAILURES[code].title : 'unknown reason';
  return card(
    html`<p><strong>${count} failed: ${title}</strong></p>
${message && html`<p><code>${message}</code></p>`}
<p>${expiringSoon > 0 && `${expiringSoon} of them have a paid image whose URL expires within two hours. `}A redrive costs ${formatPrice(price)}${acknowledge.count > 0 && `; ${acknowledge.count} need an acknowledgement (${formatPrice(acknowledge.price)})`}.
<a href="/dead-letters/list?reason=${key}">Show them</a> · <a href="/dead-letters">all groups</a> · <a href="/problems/${code}">what this means</a></p>`,
    'warning',
  );
}

function accountText(
  { reason, since, refusals, balance }: NonNullable<OverviewFacts['stops']['account']>,
  now: number,
) {
  const cause = reason === 'unauthorized' ? 'The provider rejects the API key.' : 'The balance is too low.';
  const known = balance === undefined ? '' : ` Balance: ${balance}.`;
  return `${cause}${known} ${refusals} ${refusals === 1 ? 'refusal' : 'refusals'} in ${formatDuration(now - since)}. Renders wait; workers go on by themselves.`;
}

const hasWork = ({ work }: OverviewFacts) =>
  work !== undefined && work.queued + work.rendering + work.storing > 0;

function workSection({
  work,
  backlog,
  oldest,
  workers,
  submitsPerSecond,
  minutes,
  now,
}: OverviewFacts): Markup {
  if (!work) return emptyState('The queue does not answer.');
  const lastMinute = minutes?.at(-2)?.done ?? 0;
  const { interactive, batch } = backlog?.waiting ?? {};
  const lane = backlog && `${interactive} interactive, ${batch} batch`;
  return html`<div class="stats">
${stat('Waiting', String(work.queued), { href: '/renders?status=queued', ...(lane ? { note: lane } : {}) })}
${stat('At the provider', String(work.rendering), { href: '/renders?status=rendering' })}
${stat('Being stored', String(work.storing), { href: '/renders?status=storing' })}
${stat('Failed', String(work.failed), { href: '/dead-letters', note: 'open dead letters' })}
${stat('Completed', String(work.completed), { href: '/renders?status=completed', note: 'in the queue' })}
${backlogStats(backlog, now)}
${stat('Completed per minute', String(lastMinute), { note: `quota: ${Math.round(submitsPerSecond * 60)} submissions per minute` })}
${workers !== undefined && stat('Workers', String(workers), { href: '/workers' })}
${
  oldest &&
  stat('Oldest waiting render', formatDuration(now - oldest.createdAt), {
    href: `/renders/${oldest.renderId}`,
  })
}
</div>`;
}

/** How the tenants that wait together share the quota. */
function sharingSection({ sharing }: OverviewFacts): Markup {
  const percent = ({ lane, share }: OverviewFacts['sharing'][number]) => {
    const total = sharing.filter((one) => one.lane === lane).reduce((sum, one) => sum + one.share, 0);
    return `${Math.round((100 * share) / total)} %`;
  };
  return html`<h2>Tenants that share the quota</h2>
${table(
  ['Lane', 'Tenant', 'Waiting', 'Share', 'Of the submissions of the lane'],
  sharing.map((one) => [
    one.lane,
    html`<a href="/renders?status=queued&tenant=${one.tenant}">${one.tenant}</a>`,
    String(one.waiting),
    String(one.share),
    percent(one),
  ]),
)}`;
}

/** The lanes that have a backlog. Batch renders end last, so the end of their lane is the end of the backlog. */
function backlogStats(backlog: OverviewFacts['backlog'], now: number): Markup | Markup[] {
  if (!backlog) return stat('Backlog', '?', { note: 'the queue does not answer' });
  const lanes = LANES.flatMap((lane) => {
    const end = backlog.ends[lane];
    return end
      ? [stat(`Backlog, ${lane}`, String(backlog.waiting[lane]), { note: formatEta(end, now) })]
      : [];
  });
  return lanes.length > 0 ? lanes : stat('Backlog', '0', { note: 'nothing waits' });
}

const LANES = ['interactive', 'batch'] as const;

function chartSection({ minutes }: OverviewFacts): Markup {
  if (!minutes) return emptyState('The queue does not answer.');
  const sum = (kind: 'done' | 'dead') => minutes.reduce((total, minute) => total + minute[kind], 0);
  const [done, dead] = [sum('done'), sum('dead')];
  if (done + dead === 0) return emptyState('No render has ended in the last hour.');
  return card(html`${createColumnChart(minutes)}
<p class="legend"><span>${CHART_MINUTES} minutes ago</span><span>${done} ended as asked, ${dead} failed; one column per minute</span><span>now</span></p>`);
}
