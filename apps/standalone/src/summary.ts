import { styleText } from 'node:util';
import type { Render } from '@darkroom/client';
import { openQueues } from '@darkroom/shared/queues';
import type { RunningDarkroom } from './compose.ts';
import { formatDollars } from './progress.ts';
import { type EndedSample, type RenderedCatalogue, toMicros } from './render-catalogue.ts';

/** The result of the catalogue; printed as the last line with `--json`. */
export interface Summary {
  accepted: number;
  /** Created by an earlier start: no new render was queued for them. */
  duplicates: number;
  completed: number;
  failed: number;
  /** Completed with an image that differs from its request. */
  differing: number;
  dead_lettered: number;
  /** Tasks that Darkroom knows it bought. */
  purchases: number;
  /** Tasks that the provider charged for; null with the real provider. */
  billed: number | null;
  refunded: number | null;
  /** By the configured prices, in dollars: charged and not refunded; refunded; possibly charged. */
  cost_usd: { spent: number; refunded: number; possibly_spent: number };
  elapsed_ms: number;
  /** Whether every sample ended as the catalogue expects, and the bill matches the purchases. */
  as_expected: boolean;
  reasons: Record<string, number>;
  images: string;
  overview: string;
  dashboard: string;
}

/**
 * Summarizes what the API answered. The API does not know two numbers: the simulator reports what it billed, and the
 * queue holds the dead letters.
 */
export async function summarizeCatalogue(
  { ended, duplicates }: RenderedCatalogue,
  darkroom: RunningDarkroom,
  elapsedMs: number,
): Promise<Summary> {
  const renders = ended.map(({ render }) => render);
  const { simulator } = darkroom;
  const count = (status: Render['status']) => renders.filter((render) => render.status === status).length;
  const purchases = renders.reduce((sum, { cost }) => sum + cost.purchases, 0);
  const tasks = simulator && renders.flatMap(({ id }) => simulator.book.byBusinessId(id));
  const billed = tasks ? tasks.filter((task) => Number(task.charged) > 0).length : null;
  const reasons: Record<string, number> = {};
  for (const { error } of renders) {
    if (error) reasons[error.code] = (reasons[error.code] ?? 0) + 1;
  }
  const endedAsExpected = ended.every(({ sample, render }) => render.status === sample.endsAs);
  return {
    accepted: renders.length,
    duplicates,
    completed: count('completed'),
    failed: count('failed'),
    differing: renders.filter(({ image }) => image?.warnings).length,
    dead_lettered: await countDeadLetters(renders, darkroom),
    purchases,
    billed,
    refunded: tasks ? tasks.filter((task) => Number(task.refunded) > 0).length : null,
    cost_usd: {
      spent: sumAmount(renders, 'spent'),
      refunded: sumAmount(renders, 'refunded'),
      possibly_spent: sumAmount(renders, 'possibly_spent'),
    },
    elapsed_ms: Math.round(elapsedMs),
    as_expected: endedAsExpected && (billed === null || billed === purchases),
    reasons,
    images: darkroom.imageLocation,
    overview: `${darkroom.producer.url}/`,
    dashboard: darkroom.dashboardUrl,
  };
}

const sumAmount = (renders: readonly Render[], name: 'spent' | 'refunded' | 'possibly_spent'): number =>
  renders.reduce((sum, { cost }) => sum + toMicros(cost[name]), 0) / 1e6;

/** The cost of a summary for people. Refunds and possible spending are left out if they are zero. */
export function formatCost({ spent, refunded, possibly_spent: possiblySpent }: Summary['cost_usd']): string {
  const others = [
    refunded > 0 && `, $${refunded.toFixed(3)} refunded`,
    possiblySpent > 0 && `, $${possiblySpent.toFixed(3)} possibly spent`,
  ];
  return `$${spent.toFixed(3)} spent${others.filter(Boolean).join('')}`;
}

async function countDeadLetters(
  renders: readonly Render[],
  { engine, settings }: RunningDarkroom,
): Promise<number> {
  const { deadLetter } = openQueues(engine, { days: settings.RETENTION_DAYS });
  const letters = await Promise.all(renders.map(({ id }) => deadLetter.getJob(id)));
  return letters.filter(Boolean).length;
}

const MAX_ROWS = 30;

/** A table with one row per render, and a row below it for each difference between the image and its request. */
export function formatTable(ended: readonly EndedSample[]): string {
  const rows = ended.slice(0, MAX_ROWS).flatMap(({ render }, index) => {
    const { image, error, request } = render;
    const completed = render.status === 'completed';
    const tookMs = Date.parse(render.updated_at) - Date.parse(render.created_at);
    const result = image
      ? `${image.width}x${image.height} ${image.content_type.replace('image/', '')} ${Math.round(image.bytes / 1024)} KB`
      : (error?.code ?? render.status);
    const row = [
      String(index + 1).padStart(4),
      styleText(completed ? 'green' : 'red', completed ? '✔' : '✖'),
      shorten(request.prompt, 44).padEnd(44),
      (request.size ?? 'auto').padEnd(5),
      request.resolution.padEnd(2),
      result.padEnd(25),
      `${(tookMs / 1000).toFixed(1)}s`.padStart(7),
      formatDollars(toMicros(render.cost.spent)).padStart(8),
    ].join('  ');
    const warnings = image?.warnings ?? [];
    return [
      row,
      ...warnings.map((warning) => styleText('yellow', `         differs from the request: ${warning}`)),
    ];
  });
  if (ended.length > MAX_ROWS) rows.push(`      … and ${ended.length - MAX_ROWS} more`);
  return rows.join('\n');
}

const shorten = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
