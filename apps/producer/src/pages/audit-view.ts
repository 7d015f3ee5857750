import type { AuditEntry } from '@darkroom/shared/audit';
import { html, type Markup, table } from './design/index.ts';
import { formatTime } from './formats.ts';

/** Actions of operators as a table. */
export const actionTable = (entries: readonly AuditEntry[]): Markup =>
  table(
    ['Time', 'Action', 'Target', 'Actor', 'Reason', 'Change'],
    entries.map((entry) => [
      formatTime(entry.at),
      html`<code>${entry.action}</code>`,
      linkTarget(entry.target),
      html`${entry.actor} <span class="soft">(${entry.source})</span>`,
      entry.reason,
      formatChange(entry),
    ]),
  );

function linkTarget({ kind, id }: AuditEntry['target']): Markup {
  if (kind === 'render') return html`<a href="/renders/${id}"><code>${id}</code></a>`;
  if (kind === 'queue') return html`queue <a href="/queues/queue/${id}">${id}</a>`;
  return html`${kind} <code>${id}</code>`;
}

/** For example `paused: false → true`. */
function formatChange({ before = {}, after = {} }: AuditEntry): string {
  return Object.entries(after)
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => (name in before ? `${name}: ${before[name]} → ${value}` : `${name}: ${value}`))
    .join('; ');
}
