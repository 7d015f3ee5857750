import type { MemoryResult } from '../scenarios/memory.ts';
import { megabytes, number, table } from './table.ts';

export function reportMemory({ concurrency, skipped, phases }: MemoryResult): string {
  const title = `Memory: resident set of the worker while it stores images, ${concurrency} at a time`;
  if (skipped) return `${title}\nnot measured: ${skipped}`;
  const rows = phases.map((phase) => [
    `${phase.images} ${phase.name}`,
    megabytes(phase.idle_rss),
    megabytes(phase.median_rss),
    megabytes(phase.peak_rss),
    megabytes(phase.peak_anonymous),
    number(phase.peak_of_small),
    String(phase.most_at_once),
  ]);
  const head = ['', 'idle', 'median', 'peak', 'peak anon', 'peak of small', 'at once'];
  const large = phases.find((phase) => phase.image_bytes > 0);
  const bytes = large
    ? `\n${concurrency} whole images would be ${megabytes(concurrency * large.image_bytes)}.`
    : '';
  return `${title}\n${table(head, rows)}${bytes}`;
}
