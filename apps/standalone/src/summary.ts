import { styleText } from 'node:util';
import type { Receipt } from '@darkroom/shared/render';
import type { Simulator } from '@darkroom/upstream-simulator';
import type { Sample } from './catalogue.ts';
import { dollars } from './progress.ts';

/** What became of the catalogue; printed as the last line with `--json`. */
export interface Summary {
  accepted: number;
  /** Asked for before, by an earlier run: nothing new was queued for them. */
  duplicates: number;
  completed: number;
  failed: number;
  dead_lettered: number;
  /** Tasks that Darkroom knows to have bought. */
  purchases: number;
  /** Tasks that the provider charged for; null with the real provider. */
  billed: number | null;
  refunded: number | null;
  cost_usd: number;
  elapsed_ms: number;
  /** Whether every sample ended as the catalogue says. */
  as_expected: boolean;
  reasons: Record<string, number>;
  images: string;
  dashboard: string;
}

export interface Ended {
  sample: Sample;
  id: string;
  receipt: Receipt;
}

export async function summarise(options: {
  ended: readonly Ended[];
  duplicates: number;
  deadLettered: number;
  simulator: Simulator | undefined;
  elapsedMs: number;
  images: string;
  dashboard: string;
}): Promise<Summary> {
  const { ended, simulator } = options;
  const ids = new Set(ended.map(({ id }) => id));
  const count = (state: Receipt['status']) => ended.filter(({ receipt }) => receipt.status === state).length;
  const purchases = ended.reduce((sum, { receipt }) => sum + receipt.purchases.length, 0);
  const tasks = simulator ? [...ids].flatMap((id) => simulator.book.byBusinessId(id)) : undefined;
  const reasons: Record<string, number> = {};
  for (const { receipt } of ended) {
    if (receipt.failure) reasons[receipt.failure.code] = (reasons[receipt.failure.code] ?? 0) + 1;
  }
  const billed = tasks ? tasks.filter((task) => Number(task.charged) > 0).length : null;
  const asPlanned = ended.every(({ sample, receipt }) => receipt.status === sample.ends);
  return {
    accepted: ended.length,
    duplicates: options.duplicates,
    completed: count('completed'),
    failed: count('failed'),
    dead_lettered: options.deadLettered,
    purchases,
    billed,
    refunded: tasks ? tasks.filter((task) => Number(task.refunded) > 0).length : null,
    cost_usd: ended.reduce((sum, { receipt }) => sum + receipt.costMicros, 0) / 1e6,
    elapsed_ms: Math.round(options.elapsedMs),
    as_expected: asPlanned && (billed === null || billed === purchases),
    reasons,
    images: options.images,
    dashboard: options.dashboard,
  };
}

const ROWS = 30;

/** One row a render, for people. */
export function tableOf(ended: readonly Ended[]): string {
  const rows = ended.slice(0, ROWS).map(({ sample, receipt }, index) => {
    const { image, failure, request } = receipt;
    const good = receipt.status === 'completed';
    const took = `${((receipt.finishedAt - receipt.createdAt) / 1000).toFixed(1)}s`;
    const what = image
      ? `${image.width}x${image.height} ${image.contentType.replace('image/', '')} ${Math.round(image.bytes / 1024)} KB`
      : (failure?.code ?? '');
    return [
      String(index + 1).padStart(4),
      styleText(good ? 'green' : 'red', good ? '✔' : '✖'),
      shorten(sample.body.prompt, 44).padEnd(44),
      (request.size ?? 'auto').padEnd(5),
      request.resolution.padEnd(2),
      what.padEnd(25),
      took.padStart(7),
      dollars(receipt.costMicros).padStart(8),
    ].join('  ');
  });
  if (ended.length > ROWS) rows.push(`      … and ${ended.length - ROWS} more`);
  return rows.join('\n');
}

const shorten = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
