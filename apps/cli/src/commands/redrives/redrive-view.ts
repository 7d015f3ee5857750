import type { RedriveItem, RedrivePlanResponse, RedriveResponse } from '@darkroom/api';
import { formatCount, formatFacts, formatTable, formatTime, showSafely } from '../../output/index.ts';
import { formatPrice } from '../dead-letters/index.ts';

export function formatPlan(plan: RedrivePlanResponse, now: number): string {
  const { purchases, acknowledge, unknown, not_found: notFound } = plan;
  const steps = Object.entries(plan.steps).filter(([, count]) => count > 0);
  return formatFacts([
    ['plan', `${plan.id}, valid until ${formatTime(plan.expires_at, now)}`],
    ['renders', String(plan.total)],
    ['steps', steps.map(([step, count]) => `${count} go on at ${step}`).join(', ') || undefined],
    [
      'purchases',
      purchases.count === 0
        ? 'none'
        : `${formatCount(purchases.count, 'purchase')} for ${formatPrice(purchases.price)}`,
    ],
    [
      'may be bought',
      acknowledge.count === 0
        ? undefined
        : `${acknowledge.count} (${formatPrice(acknowledge.price)}): skipped without --accept-duplicate-charge or --poll-again`,
    ],
    ['unknown', unknown === 0 ? undefined : `${formatCount(unknown, 'render')} whose price is not known`],
    ['not found', notFound.length === 0 ? undefined : notFound.join(', ')],
  ]);
}

export function formatRedrives(redrives: readonly RedriveResponse[], now: number): string {
  const rows = redrives.map((redrive) => [
    redrive.id,
    redrive.status,
    `${redrive.total - redrive.remaining}/${redrive.total}`,
    String(redrive.failed),
    String(redrive.skipped),
    `$${redrive.spend}`,
    formatTime(redrive.created_at, now),
    redrive.actor,
    showSafely(redrive.reason ?? ''),
  ]);
  const head = ['ID', 'STATUS', 'ENDED', 'FAILED', 'SKIPPED', 'SPEND', 'CREATED', 'BY', 'REASON'];
  return formatTable(head, rows, 'There are no redrives.');
}

export function formatRedrive(redrive: RedriveResponse, now: number): string {
  const { max_jobs: maxJobs, max_spend: maxSpend } = redrive;
  return formatFacts([
    ['id', redrive.id],
    ['status', [redrive.status, redrive.status_reason].filter(Boolean).join(': ')],
    ['done', `${redrive.done} of ${redrive.total}`],
    ['failed', String(redrive.failed)],
    ['skipped', String(redrive.skipped)],
    ['remaining', String(redrive.remaining)],
    ['purchases', `${redrive.purchases} for $${redrive.spend}`],
    ['rate', `${redrive.rate}/s`],
    [
      'caps',
      [maxJobs === null ? '' : `${maxJobs} renders`, maxSpend === null ? '' : `$${maxSpend}`]
        .filter(Boolean)
        .join(', ') || undefined,
    ],
    ['by', redrive.actor],
    ['reason', redrive.reason === null ? undefined : showSafely(redrive.reason)],
    ['created', formatTime(redrive.created_at, now)],
    ['ended', redrive.ended_at ? formatTime(redrive.ended_at, now) : undefined],
  ]);
}

/** Renders of a redrive, with the reason of those that failed again or were skipped. */
export function formatItems(items: readonly RedriveItem[], more: number): string {
  if (items.length === 0) return '';
  const rows = items.map(({ id, status, step, buys, price, error, skip_reason: skipReason }) => [
    id,
    status,
    step,
    buys ? formatPrice(price) : '',
    showSafely(error ? `${error.code}: ${error.message}` : (skipReason ?? '')),
  ]);
  return `\n${formatTable(['ID', 'STATUS', 'STEP', 'BUYS', 'REASON'], rows, '')}${more > 0 ? `and ${more} more\n` : ''}`;
}
