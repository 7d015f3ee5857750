import { defineCommand } from '../../command/index.ts';
import { formatRender, RENDER_DETAIL_FIELDS } from './render-view.ts';

export const getCommand = defineCommand({
  path: 'renders get',
  summary: 'Show one render: status, cost, image, error.',
  args: [{ name: '<id>', text: 'the id of a render: rnd_…' }],
  examples: [
    'renders get rnd_5f1c…',
    'renders get rnd_5f1c… --json status,cost',
    'renders get rnd_5f1c… --web',
  ],
  fields: RENDER_DETAIL_FIELDS,
  uses: 'api',
  page: ([id = '']) => `renders/${encodeURIComponent(id)}`,
  run: async ({ args: [id = ''], api, host, style }) => {
    const render = await (await api()).renders.get(id, { signal: host.signal });
    return { data: render, text: formatRender(render, host.clock.now(), style) };
  },
});
