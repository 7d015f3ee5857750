import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount, showSafely } from '../../output/index.ts';
import { withDeliveredRun } from './delivered-run.ts';
import { type Damage, describeDamage, readImages } from './read-images.ts';
import { tenantOption } from './runs.ts';

/** Damaged images that are shown. `--json` has all. */
const MAX_SHOWN = 20;

export const verifyCommand = defineCommand<{ tenant?: string }>({
  path: 'catalogue verify',
  summary: 'Read every image that a run delivered, and compare it with the manifest.',
  details:
    'It reads the store of STORE_URL. The exit code is 1 if an image is missing or damaged: the next run buys it again.',
  args: [
    { name: '<name>', text: 'the name of a catalogue' },
    { name: '[run]', text: 'the name of a run (default: the last good one)' },
  ],
  options: [tenantOption()],
  examples: ['catalogue verify shoes', 'catalogue verify shoes 2026-11-27 --json images,damaged'],
  fields: ['run', 'items', 'images', 'damaged'],
  uses: 'direct',
  run: ({ args: [catalogue = '', run], options: { tenant }, host }) =>
    withDeliveredRun({ tenant, catalogue, run }, host, async (delivered) => {
      const damaged: Damage[] = [];
      let images = 0;
      for await (const read of readImages(delivered, host)) {
        images += 1;
        if (read.kind === 'damaged') damaged.push(describeDamage(read.entry, read.problem));
      }
      const shown = damaged.slice(0, MAX_SHOWN);
      const lines = shown.map(({ name, problem }) => `${showSafely(name)}: ${problem}\n`);
      const verdict =
        damaged.length === 0
          ? 'All are as the manifest says.\n'
          : `${formatCount(damaged.length, 'image')} missing or damaged. The next run buys them again.\n`;
      return {
        data: { run: delivered.run, items: delivered.items, images, damaged },
        text: `${lines.join('')}Run ${delivered.run}: ${formatCount(images, 'image')}. ${verdict}`,
        exitCode: damaged.length === 0 ? EXIT.ok : EXIT.failure,
      };
    }),
});
