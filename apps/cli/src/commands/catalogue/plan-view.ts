import type { Plan } from '@darkroom/catalogue';
import { formatDuration, formatFacts, formatTime, type Style, showSafely } from '../../output/index.ts';

/** Items that are shown. --json has more. */
const MAX_LEFT = 5;

const formatNumber = (count: number) => count.toLocaleString('en-US');

/** A plan for people. */
export function formatPlan(
  { file, forecast, samples, guards, left, isOverBudget }: Plan,
  now: number,
  style: Style,
) {
  const { buy, unchanged, quarantined, removed, rows, items, price, possible_price: possible } = file;
  const facts = formatFacts([
    ['catalogue', file.catalogue],
    ['rows', formatNumber(rows)],
    ['images', formatNumber(items)],
    ['new', formatNumber(buy.new)],
    ['changed', formatNumber(buy.changed)],
    ['rejected', buy.rejected > 0 ? formatNumber(buy.rejected) : undefined],
    ['without an image', buy.no_image > 0 ? formatNumber(buy.no_image) : undefined],
    ['unchanged', formatNumber(unchanged)],
    ['quarantined', quarantined > 0 ? formatNumber(quarantined) : undefined],
    ['left out', left.items > 0 ? `${formatNumber(left.items)}: their images may be paid for` : undefined],
    ['removed', formatNumber(removed)],
    ['price', price === null ? 'not known' : style('bold', `$${price}`)],
    [
      'possible price',
      possible === null ? 'not known' : `$${possible} if every render is bought as often as allowed`,
    ],
    [
      'budget',
      isOverBudget ? style('yellow', 'The price is above it. A run would stop at the budget.') : undefined,
    ],
    ['finish', formatFinish(forecast, now)],
  ]);
  const shown = samples.map(({ name, prompt }) => `  ${style('bold', name)}  ${showSafely(prompt)}\n`);
  const leftOut = left.listed
    .slice(0, MAX_LEFT)
    .map(
      ({ key, view, code, render_id: renderId }) =>
        `  ${showSafely(view === null ? key : `${key}, ${view}`)}  ${code}  ${renderId ?? ''}\n`,
    );
  const found = guards.map(({ name, message, accepted }) =>
    accepted
      ? `${style('green', 'accepted')} ${name}: ${message}\n`
      : `${style('red', 'guard')} ${name}: ${message} Pass it with --accept ${name}.\n`,
  );
  return [
    facts,
    ...(shown.length > 0 ? ['\nSome of the prompts:\n', ...shown] : []),
    ...(leftOut.length > 0
      ? [
          '\nNot bought again, because a purchase is not certain to have failed:\n',
          ...leftOut,
          left.items > leftOut.length ? `  and ${formatNumber(left.items - leftOut.length)} more\n` : '',
          'Redrive their renders, or buy them again with catalogue retry-failed --code CODE.\n',
        ]
      : []),
    ...(found.length > 0 ? ['\n', ...found] : []),
    '\nNothing was bought.\n',
  ].join('');
}

function formatFinish({ finishAt, reason, deadline, lateMs }: Plan['forecast'], now: number): string {
  if (finishAt === null) return `not known. ${showSafely(reason ?? '')}`;
  const at = formatTime(new Date(finishAt).toISOString(), now);
  if (deadline === null) return at;
  return lateMs === null
    ? `${at}, before ${deadline}`
    : `${at}: misses ${deadline} by ${formatDuration(lateMs)}`;
}
