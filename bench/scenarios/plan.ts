import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PlannerResult } from '../planner-options.ts';
import { runPlanner } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

interface PlanRow extends PlannerResult {
  rows: number;
  night: 'first' | 'second';
  ms_per_thousand: number;
}

export interface PlanBenchResult {
  rows: PlanRow[];
  /** Time per thousand rows, and peak of the resident set, of the most rows over the fewest. */
  growth: Record<PlanRow['night'], { time: number; rss: number }>;
}

/** What is held too long ends the process. */
const HEAP_MEGABYTES = 40;
const SIZES = { full: [10_000, 100_000], quick: [5_000, 20_000] };
const NIGHTS = ['first', 'second'] as const;
/** Rows that are other ones on the second night: one of these. */
const CHANGED_EVERY = 33;
const FILE = `name: bench
source: { path: products.csv }
key: sku
prompt: |
  A studio photo of a {{ color }} {{ name }} made of {{ material }}{% if category == "lamp" %}, switched on{% endif %},
  on a plain white background, soft light, no text.
size: 1:1
overrides:
  - when: { category: clock }
    size: 4:5
guards: { max_changed_percent: null }
`;

/** Plans a catalogue on its first and its second night, for two numbers of rows: time and memory. */
export const plan: Scenario<PlanBenchResult> = {
  name: 'plan',
  report: reportPlan,
  async run(workspace, size) {
    const rows: PlanRow[] = [];
    for (const count of size.quick ? SIZES.quick : SIZES.full)
      rows.push(...(await measurePlans(workspace, count, size)));
    const growth = (night: PlanRow['night']) => {
      const own = rows.filter((row) => row.night === night);
      const ratio = (of: 'ms_per_thousand' | 'rss_peak') =>
        (own.at(-1)?.[of] ?? 0) / (own[0]?.[of] ?? Number.NaN);
      return { time: ratio('ms_per_thousand'), rss: ratio('rss_peak') };
    };
    return { rows, growth: { first: growth('first'), second: growth('second') } };
  },
};

async function measurePlans(workspace: Workspace, count: number, { progress }: Size): Promise<PlanRow[]> {
  const folder = await workspace.createFolder('memory');
  const manifest = join(folder, 'manifest.jsonl');
  const run = (options: { manifest?: string; writeTo?: string }) =>
    runPlanner(
      workspace,
      { folder, file: FILE, manifest: options.manifest, writeTo: options.writeTo },
      HEAP_MEGABYTES,
    );
  progress(`plan: ${formatNumber(count)} rows`);
  await writeSource(folder, count, 1);
  const first = await run({});
  await run({ writeTo: manifest });
  await writeSource(folder, count, 2);
  const second = await run({ manifest });
  return NIGHTS.map((night) => {
    const result = night === 'first' ? first : second;
    return { ...result, rows: count, night, ms_per_thousand: (result.ms * 1000) / count };
  });
}

async function writeSource(folder: string, count: number, night: number): Promise<void> {
  function* generate() {
    yield 'sku,name,category,color,material,description\n';
    for (let at = 0; at < count; at += 1) {
      const category = ['chair', 'lamp', 'clock', 'table'][at % 4];
      const color = night === 2 && at % CHANGED_EVERY === 0 ? 'black' : 'oak brown';
      yield `SKU ${at},Product Größe ${at},${category},${color},wood,"${'A text, with commas. '.repeat(10)}"\n`;
    }
  }
  await pipeline(Readable.from(generate()), createWriteStream(join(folder, 'products.csv')));
}

function reportPlan({ rows, growth }: PlanBenchResult): string {
  const head = ['rows', 'night', 'ms per 1,000', 'RSS, peak', 'bought', 'unchanged'];
  const lines = rows.map(({ rows: count, night, ms_per_thousand, rss_peak, bought, unchanged }) => [
    formatNumber(count),
    night,
    formatNumber(ms_per_thousand),
    formatMegabytes(rss_peak),
    formatNumber(bought),
    formatNumber(unchanged),
  ]);
  const ratios = NIGHTS.map(
    (night) =>
      `${night} night: time ${formatNumber(growth[night].time)}, RSS ${formatNumber(growth[night].rss)}`,
  );
  return `Plan of a catalogue, from a CSV
${formatTable(head, lines)}
The most rows over the fewest. ${ratios.join('; ')}.
The old generation of V8's heap is limited to ${HEAP_MEGABYTES} MB.`;
}
