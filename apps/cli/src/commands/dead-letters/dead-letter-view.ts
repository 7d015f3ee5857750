import type { DeadLetterDetailResponse, DeadLetterResponse, DeadLetterSummaryResponse } from '@darkroom/api';
import {
  formatCount,
  formatDuration,
  formatFacts,
  formatTable,
  formatTime,
  showSafely,
} from '../../output/index.ts';

/** An unknown price is never shown as 0. */
export const formatPrice = (price: string | null) => (price === null ? 'price unknown' : `$${price}`);

const ACTIONS: Record<DeadLetterResponse['redrive']['action'], string> = {
  resume: 'resumes',
  buy: 'buys',
  acknowledge: 'may be bought already',
  unknown: 'only the ledger knows',
};

const formatForecast = ({ action, step, price }: DeadLetterResponse['redrive']) =>
  [ACTIONS[action], step ? `at ${step}` : '', action === 'resume' ? '' : formatPrice(price)]
    .filter(Boolean)
    .join(', ');

export function formatDeadLetters(letters: readonly DeadLetterResponse[], now: number): string {
  const rows = letters.map((letter) => [
    letter.id,
    letter.code,
    formatDuration(now - Date.parse(letter.failed_at)),
    letter.run ?? '',
    letter.tenant,
    `$${letter.cost.spent}`,
    letter.redrives > 0 ? String(letter.redrives) : '',
    formatForecast(letter.redrive),
    showSafely(letter.message).slice(0, 80),
  ]);
  const head = ['ID', 'CODE', 'AGE', 'RUN', 'TENANT', 'SPENT', 'REDRIVES', 'A REDRIVE', 'MESSAGE'];
  return formatTable(head, rows, 'No dead letters match.');
}

export function formatDeadLetter(letter: DeadLetterDetailResponse, now: number): string {
  return formatFacts([
    ['id', letter.id],
    ['code', `${letter.code} in step ${letter.step}`],
    ['message', showSafely(letter.message)],
    ['causes', letter.causes.map(showSafely).join(' ← ') || undefined],
    ['prompt', showSafely(letter.prompt)],
    ['tenant', letter.tenant],
    ['run', letter.run ?? undefined],
    ['failed', formatTime(letter.failed_at, now)],
    ['spent', `$${letter.cost.spent}, possibly $${letter.cost.possibly_spent} more`],
    ['expires', letter.url_expires_at ? formatTime(letter.url_expires_at, now) : undefined],
    ['failed before', letter.redrives > 0 ? formatCount(letter.redrives, 'time') : undefined],
    ['a redrive', formatForecast(letter.redrive)],
    ['', letter.advice.replaceAll('`', '')],
    ['page', letter.links.page],
  ]);
}

export function formatSummary(summary: DeadLetterSummaryResponse, now: number): string {
  const { groups, more_groups: more, count, spent, possibly_spent: possible, acknowledge } = summary;
  const rows = groups.map((group) => [
    String(group.count),
    group.key ?? '–',
    formatDuration(now - Date.parse(group.last_failed_at)),
    `$${group.spent}`,
    formatPrice(group.redrive_price),
    group.acknowledge.count > 0 ? String(group.acknowledge.count) : '',
    `${group.earlier_redrives.failed_again}/${group.earlier_redrives.renders}`,
    showSafely([group.code, group.message].filter(Boolean).join(': ')).slice(0, 100),
  ]);
  const head = [
    'COUNT',
    summary.group_by.toUpperCase(),
    'LAST',
    'SPENT',
    'REDRIVE',
    'UNKNOWN',
    'FAILED AGAIN',
    'WHY',
  ];
  const total =
    count === 0
      ? ''
      : `\n${formatCount(count, 'dead letter')}: $${spent} spent, possibly $${possible} more. ` +
        `A redrive buys for ${formatPrice(summary.redrive_price)}; ${acknowledge.count} more may be bought already.\n`;
  return `${formatTable(head, rows, 'There are no dead letters.')}${more > 0 ? `${more} more groups\n` : ''}${total}`;
}
