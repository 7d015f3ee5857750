import type { RenderDetail } from '@darkroom/client';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { openProgress } from '../../output/index.ts';
import { formatForecast, formatRender, formatRenderTable, RENDER_DETAIL_FIELDS } from './render-view.ts';
import { watchRun } from './watch-run.ts';

interface Options {
  run?: string;
  tenant?: string;
}

export const watchCommand = defineCommand<Options>({
  path: 'renders watch',
  summary: 'Wait until renders have ended, and show their progress.',
  details:
    'Give ids, or a run. The exit code says how they ended: completed, failed, canceled, or partly (see help exit-codes).',
  args: [{ name: '[ids...]', text: 'ids of renders: rnd_…' }],
  options: [
    new Option('--run <name>', 'all renders of this run that have not ended'),
    new Option('--tenant <name>', "the run's tenant (with a key for all tenants)"),
  ],
  examples: [
    'renders watch rnd_5f1c…',
    'renders watch --run night-12',
    'renders watch rnd_5f1c… --json status,image',
  ],
  fields: RENDER_DETAIL_FIELDS,
  uses: 'api',
  page: ([id]) => (id === undefined ? 'queues' : `renders/${encodeURIComponent(id)}`),
  run: async ({ args: ids, options: { run, tenant }, api, host, style }) => {
    if ((ids.length === 0) === (run === undefined))
      throw new CliError(EXIT.usage, `Expected ids or --run, received ${run ? 'both' : 'neither'}.`);
    const { renders } = await api();
    const { signal, clock } = host;
    if (run !== undefined) {
      const ended = await watchRun(renders, { run, tenant }, host);
      return { data: ended, text: formatRenderTable(ended, clock.now(), style), exitCode: codeFor(ended) };
    }
    // A wrong id or URL is an error at once; `wait` would try again for a long time.
    const [first] = await Promise.all(ids.map((id) => renders.get(id, { signal })));
    const display = openProgress(host, { unit: ids.length === 1 ? '%' : 'renders' });
    if (first && ids.length === 1) {
      const facts = formatForecast(first, clock.now()).flatMap(([name, text]) =>
        text ? `${name}: ${text}` : [],
      );
      const note = [first.status, ...facts].join(', ');
      display.show({ done: first.progress, total: 100, note });
    }
    const ended: RenderDetail[] = [];
    try {
      const watchOne = async (id: string) => {
        await renders.onProgress(
          id,
          ({ progress, status }) => {
            if (ids.length === 1) display.show({ done: progress, total: 100, note: status });
          },
          { signal, timeoutMs: Number.POSITIVE_INFINITY },
        );
        ended.push(await renders.get(id, { signal }));
        if (ids.length > 1) display.show({ done: ended.length, total: ids.length });
      };
      await Promise.all(ids.map(watchOne));
    } finally {
      display.end();
    }
    const [only] = ended;
    const now = clock.now();
    const text =
      ended.length === 1 && only ? formatRender(only, now, style) : formatRenderTable(ended, now, style);
    return { data: ids.length === 1 && only ? only : ended, text, exitCode: codeFor(ended) };
  },
});

/** One code for all renders: how they all ended, or `partial`. */
function codeFor(ended: readonly { status: string }[]): ExitCode {
  const statuses = new Set(ended.map(({ status }) => status));
  if (statuses.size > 1) return EXIT.partial;
  if (statuses.has('failed')) return EXIT.failure;
  return statuses.has('canceled') ? EXIT.canceled : EXIT.ok;
}
