import { RENDER_STATUSES, type RenderResponse, type RenderStatus } from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import { defineCommand, readCount } from '../../command/index.ts';
import { formatRenderTable, RENDER_FIELDS } from './render-view.ts';

interface Options {
  status?: RenderStatus[];
  run?: string;
  tenant?: string;
  after?: string;
  before?: string;
  limit: number;
}

const PAGE = 100;

export const listCommand = defineCommand<Options>({
  path: 'renders list',
  summary: 'List renders, the newest first.',
  options: [
    new Option('--status <list>', `one or more of ${RENDER_STATUSES.join(', ')}`).argParser(readStatuses),
    new Option('--run <name>', 'only renders of this run'),
    new Option('--tenant <name>', 'only renders of this tenant (with a key for all tenants)'),
    new Option('--after <time>', 'created at or after this time, such as 2026-11-22 or 2026-11-22T16:00:00Z'),
    new Option('--before <time>', 'created before this time'),
    new Option('--limit <n>', 'at most this many renders').argParser(readCount).default(20),
  ],
  examples: [
    'renders list',
    'renders list --status failed --run night-12 --limit 100',
    'renders list --after 2026-11-22 --json id,status,cost',
  ],
  fields: RENDER_FIELDS,
  uses: 'api',
  run: async ({ options, api, host, style }) => {
    const { status, run, tenant, after, before, limit } = options;
    const filters = { status, run, tenant, createdAfter: after, createdBefore: before };
    const { renders } = await api();
    const list = renders.list({ ...filters, limit: Math.min(limit, PAGE) }, { signal: host.signal });
    const found: RenderResponse[] = [];
    let isIncomplete = false;
    for await (const page of list.pages()) {
      found.push(...page.data);
      isIncomplete ||= page.incomplete === true;
      if (found.length >= limit) break;
    }
    if (isIncomplete) host.err('Renders are being restored: some can be missing from this list.\n');
    const data = found.slice(0, limit);
    return { data, text: formatRenderTable(data, host.clock.now(), style) };
  },
});

function readStatuses(text: string): RenderStatus[] {
  const statuses = text.split(',').map((word) => word.trim());
  if (statuses.every((word): word is RenderStatus => (RENDER_STATUSES as readonly string[]).includes(word)))
    return statuses;
  throw new InvalidArgumentError(`expected one or more of ${RENDER_STATUSES.join(', ')}.`);
}
