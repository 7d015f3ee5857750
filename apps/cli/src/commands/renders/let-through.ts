import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { RENDER_FIELDS, showStatus } from './render-view.ts';

export const letThroughCommand = defineCommand<{ reason: string }>({
  path: 'renders let-through',
  summary: 'Submit one render although it is paused. The audit log records the reason.',
  details: 'It stays let through until its end. The pause of a whole queue still holds it back.',
  args: [{ name: '<id>', text: 'the id of a render: rnd_…' }],
  options: [new Option('--reason <text>', 'why this render may pass').makeOptionMandatory()],
  examples: ["renders let-through rnd_5f1c… --reason 'the photographer waits for it'"],
  fields: RENDER_FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [id = ''], options: { reason }, api, style, confirm }) => {
    const client = await api();
    await confirm(`Let the render ${id} through all pauses?`);
    const data = await client.letThrough(id, reason);
    return { data, text: `${id}  ${showStatus(data, style)}: it is let through\n` };
  },
});
