import type { MemoryResult } from '../scenarios/memory.ts';
import { formatMegabytes, formatNumber, formatTable } from './table.ts';

export function reportMemory({ concurrency, skipped, phases }: MemoryResult): string {
  const title = `Memory: resident set of the worker while it stores images, ${concurrency} at a time`;
  if (skipped) return `${title}\nnot measured: ${skipped}`;
  const rows = phases.map((phase) => [
    `${phase.images} ${phase.name}`,
    formatMegabytes(phase.idle_rss),
    formatMegabytes(phase.median_rss),
    formatMegabytes(phase.peak_rss),
    formatMegabytes(phase.peak_anonymous),
    formatNumber(phase.peak_of_small),
    String(phase.most_at_once),
  ]);
  const head = ['', 'idle', 'median', 'peak', 'peak anon', 'peak of small', 'at once'];
  const large = phases.find((phase) => phase.image_bytes > 0);
  const bytes = large
    ? `\n${concurrency} complete images would be ${formatMegabytes(concurrency * large.image_bytes)}.`
    : '';
  return `${title}\n${formatTable(head, rows)}${bytes}`;
}
