import { DarkroomError } from '@darkroom/client';
import { CliError, toCliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount } from '../../output/index.ts';
import { formatCost, RENDER_FIELDS, showStatus } from './render-view.ts';

export const cancelCommand = defineCommand({
  path: 'renders cancel',
  summary: 'Cancel renders. Before the purchase this is free; after it, the money stays spent.',
  args: [{ name: '<ids...>', text: 'ids of renders: rnd_…' }],
  examples: ['renders cancel rnd_5f1c…', 'renders cancel rnd_5f1c… rnd_9b2e… --yes'],
  fields: RENDER_FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: ids, api, host, style, confirm }) => {
    const { renders } = await api();
    await confirm(`Cancel ${ids.length === 1 ? ids[0] : formatCount(ids.length, 'render')}?`);
    const data: object[] = [];
    const lines: string[] = [];
    const errors: CliError[] = [];
    for (const id of ids) {
      try {
        const render = await renders.cancel(id, { signal: host.signal });
        data.push(render);
        lines.push(`${id}  ${showStatus(render, style)}  ${formatCost(render)}\n`);
      } catch (error) {
        // An id that is not canceled must not keep the others from it.
        if (!(error instanceof DarkroomError) || error.status === undefined) throw error;
        errors.push(toCliError(error));
        host.err(`${id}  ${error.message}\n`);
      }
    }
    const [first] = errors;
    if (first && data.length === 0) throw new CliError(first.exitCode, 'No render was canceled.');
    return { data, text: lines.join(''), exitCode: first ? EXIT.partial : EXIT.ok };
  },
});
