import { join } from 'node:path';
import { writeProducts } from '../catalogue-source.ts';
import type { PlannerResult } from '../planner-options.ts';
import { runPlanner } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

interface PlanRow extends PlannerResult {
  rows: number;
  night: 'first' | 'second';
  ms_per_thousand: number;
  cpu_ms_per_thousand: number;
}

export interface PlanBenchResult {
  rows: PlanRow[];
  /** Of the most rows over the fewest: times per thousand rows, what is held, and the peak of the resident set. */
  growth: Record<PlanRow['night'], { time: number; cpu: number; held: number; rss: number }>;
}

/** What is held too long ends the process. */
const HEAP_MEGABYTES = 40;
const SIZES = { full: [10_000, 100_000], quick: [5_000, 20_000] };
const NIGHTS = ['first', 'second'] as const;
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
      const ratio = (of: 'ms_per_thousand' | 'cpu_ms_per_thousand' | 'held_most' | 'rss_peak') =>
        (own.at(-1)?.[of] ?? 0) / (own[0]?.[of] ?? Number.NaN);
      return {
        time: ratio('ms_per_thousand'),
        cpu: ratio('cpu_ms_per_thousand'),
        held: ratio('held_most'),
        rss: ratio('rss_peak'),
      };
    };
    return { rows, growth: { first: growth('first'), second: growth('second') } };
  },
};

async function measurePlans(workspace: Workspace, count: number, { progress }: Size): Promise<PlanRow[]> {
  const folder = await workspace.createFolder('memory');
  const manifest = join(folder, 'manifest.jsonl');
  const run = (options: { manifest?: string; writeTo?: string; measureHeld?: boolean }) =>
    runPlanner(
      workspace,
      {
        folder,
        file: FILE,
        manifest: options.manifest,
        writeTo: options.writeTo,
        measureHeld: options.measureHeld === true,
      },
      HEAP_MEGABYTES,
    );
  const measure = async (options: { manifest?: string }): Promise<PlannerResult> => {
    const { held_most } = await run({ ...options, measureHeld: true });
    return { ...(await run(options)), held_most };
  };
  progress(`plan: ${formatNumber(count)} rows`);
  await writeProducts(join(folder, 'products.csv'), count);
  const first = await measure({});
  await run({ writeTo: manifest });
  await writeProducts(join(folder, 'products.csv'), count, { night: 2 });
  const second = await measure({ manifest });
  return NIGHTS.map((night) => {
    const result = night === 'first' ? first : second;
    const perThousand = (ms: number) => (ms * 1000) / count;
    return {
      ...result,
      rows: count,
      night,
      ms_per_thousand: perThousand(result.ms),
      cpu_ms_per_thousand: perThousand(result.cpu_ms),
    };
  });
}

function reportPlan({ rows, growth }: PlanBenchResult): string {
  const head = ['rows', 'night', 'ms per 1,000', 'CPU ms', 'held, most', 'RSS, peak', 'bought', 'unchanged'];
  const lines = rows.map(({ night, bought, unchanged, ...row }) => [
    formatNumber(row.rows),
    night,
    formatNumber(row.ms_per_thousand),
    formatNumber(row.cpu_ms_per_thousand),
    formatMegabytes(row.held_most),
    formatMegabytes(row.rss_peak),
    formatNumber(bought),
    formatNumber(unchanged),
  ]);
  const ratios = NIGHTS.map(
    (night) =>
      `${night} night: time ${formatNumber(growth[night].time)}, CPU ${formatNumber(growth[night].cpu)}, held ${formatNumber(growth[night].held)}, RSS ${formatNumber(growth[night].rss)}`,
  );
  return `Plan of a catalogue, from a CSV
${formatTable(head, lines)}
The most rows over the fewest. ${ratios.join('; ')}.
The old generation of V8's heap is limited to ${HEAP_MEGABYTES} MB.`;
}
