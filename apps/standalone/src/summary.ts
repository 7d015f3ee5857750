import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { runKey } from '@darkroom/catalogue';
import { openQueues } from '@darkroom/shared/queues';
import type { RunningDarkroom } from './compose.ts';
import { formatDollars } from './progress.ts';
import { type EndedRun, type EndedSample, toMicros } from './run-samples.ts';
import type { Sample } from './sample-catalogue.ts';

/** The result of the catalogue; printed as the last line with `--json`. */
export interface Summary {
  accepted: number;
  catalogue: string;
  run: string;
  /** What an earlier start had done of this run. `ended`: this start bought nothing. */
  earlier: EndedRun['earlier'];
  completed: number;
  /** Completed with an image of an earlier run. */
  unchanged: number;
  failed: number;
  /** Completed with an image that differs from its request. */
  differing: number;
  dead_lettered: number;
  /** Tasks that Darkroom knows it bought. */
  purchases: number;
  /** Tasks that the provider charged for; null with the real provider. */
  billed: number | null;
  refunded: number | null;
  /** Of this run, by the configured prices, in dollars: charged and not refunded; refunded; possibly charged. */
  cost_usd: { spent: number; refunded: number; possibly_spent: number };
  elapsed_ms: number;
  /** Whether every sample ended as the catalogue expects, and the bill matches the purchases. */
  as_expected: boolean;
  reasons: Record<string, number>;
  /** The address of the contact sheet. */
  report: string;
  /** Its object in the store, which opens without the API. */
  report_file: string;
  /** The folder or the S3 prefix of the images that this run bought. */
  images: string;
  overview: string;
  dashboard: string;
}

/**
 * Summarizes what the API answered. The API does not know two numbers: the simulator reports what it billed, and the
 * queue holds the dead letters.
 */
export async function summarizeRun(
  { run, earlier, ended }: EndedRun,
  samples: readonly Sample[],
  darkroom: RunningDarkroom,
  elapsedMs: number,
): Promise<Summary> {
  const { simulator, producer } = darkroom;
  const renders = ended.flatMap(({ render }) => render ?? []);
  const entries = ended.map(({ entry }) => entry);
  const purchases = renders.reduce((sum, { cost }) => sum + cost.purchases, 0);
  // A render of a deleted store had the same id, and the provider still knows what it sold then.
  const tasks =
    simulator &&
    renders.flatMap(({ id, created_at: created }) =>
      simulator.book.byBusinessId(id).filter(({ createdAt }) => createdAt >= Date.parse(created)),
    );
  const billed = tasks ? tasks.filter((task) => Number(task.charged) > 0).length : null;
  const reasons: Record<string, number> = {};
  for (const { error } of entries) if (error) reasons[error.code] = (reasons[error.code] ?? 0) + 1;
  const expected = new Map(samples.map(({ key, endsAs }) => [key, endsAs]));
  const endedAsExpected =
    entries.length === samples.length && entries.every(({ key, status }) => expected.get(key) === status);
  const { cost, counts, catalogue } = run;
  const toDollars = (amount: string | null) => toMicros(amount ?? '0') / 1e6;
  return {
    accepted: entries.length,
    catalogue,
    run: run.run,
    earlier,
    completed: counts.bought + counts.unchanged,
    unchanged: counts.unchanged,
    failed: counts.failed,
    differing: renders.filter(({ image }) => image?.warnings).length,
    dead_lettered: await countDeadLetters(
      renders.map(({ id }) => id),
      darkroom,
    ),
    purchases,
    billed,
    refunded: tasks ? tasks.filter((task) => Number(task.refunded) > 0).length : null,
    cost_usd: {
      spent: toDollars(cost.spent),
      refunded: toDollars(cost.refunded),
      possibly_spent: toDollars(cost.possibly_spent),
    },
    elapsed_ms: Math.round(elapsedMs),
    as_expected: endedAsExpected && (billed === null || billed === purchases),
    reasons,
    report: `${producer.url}/v1/catalogues/${catalogue}/runs/${run.run}/report.html`,
    report_file: locateObject(runKey(run, 'report.html'), darkroom),
    images: locateObject(runKey(run, 'images'), darkroom),
    overview: `${producer.url}/`,
    dashboard: darkroom.dashboardUrl,
  };
}

/** Where a person finds an object: a path of this machine, or an S3 URL. */
const locateObject = (key: string, { store: { kind, url } }: RunningDarkroom): string =>
  kind === 'folder' ? join(fileURLToPath(url), 'objects', key) : `${url}/${key}`;

/** The cost of a summary for people. Refunds and possible spending are left out if they are zero. */
export function formatCost({ spent, refunded, possibly_spent: possiblySpent }: Summary['cost_usd']): string {
  const others = [
    refunded > 0 && `, $${refunded.toFixed(3)} refunded`,
    possiblySpent > 0 && `, $${possiblySpent.toFixed(3)} possibly spent`,
  ];
  return `$${spent.toFixed(3)} spent${others.filter(Boolean).join('')}`;
}

async function countDeadLetters(
  ids: readonly string[],
  { engine, settings }: RunningDarkroom,
): Promise<number> {
  const { deadLetter } = openQueues(engine, { days: settings.RETENTION_DAYS });
  const letters = await Promise.all(ids.map((id) => deadLetter.getJob(id)));
  return letters.filter(Boolean).length;
}

const MAX_ROWS = 30;

/** A table with one row per sample, and a row below it for each difference between the image and its request. */
export function formatTable(ended: readonly EndedSample[]): string {
  const rows = ended.slice(0, MAX_ROWS).flatMap(({ entry, render }, index) => {
    const { image, error, inputs, status, origin, name, cost } = entry;
    const tookMs = render ? Date.parse(render.updated_at) - Date.parse(render.created_at) : 0;
    const result = image
      ? `${image.width}x${image.height} ${image.content_type.replace('image/', '')} ${Math.round(image.bytes / 1024)} KB`
      : (error?.code ?? status);
    const row = [
      String(index + 1).padStart(4),
      styleText(status === 'completed' ? 'green' : 'red', status === 'completed' ? '✔' : '✖'),
      shorten(name, 14).padEnd(14),
      shorten(inputs.prompt, 34).padEnd(34),
      (inputs.size ?? 'auto').padEnd(5),
      inputs.resolution.padEnd(2),
      result.padEnd(25),
      (origin === 'reused' ? 'unchanged' : `${(tookMs / 1000).toFixed(1)}s`).padStart(9),
      formatDollars(toMicros(cost.spent)).padStart(8),
    ].join('  ');
    const warnings = render?.image?.warnings ?? [];
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
