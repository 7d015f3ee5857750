import { checkCatalogue } from '@darkroom/catalogue';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount } from '../../output/index.ts';
import { withCatalogueFile } from './load.ts';
import { formatProblems } from './problem-report.ts';

export const checkCommand = defineCommand({
  path: 'catalogue check',
  summary: 'Check a catalogue file and every row of its source. All problems are in one report.',
  details:
    'It reads no reference images and no manifest, and buys nothing. A source in a bucket is read with the credentials ' +
    'of a worker. The exit code is 1 if there is a problem.',
  args: [{ name: '<file>', text: 'a catalogue file' }],
  examples: ['catalogue check catalogue.yaml', 'catalogue check catalogue.yaml --json count,problems'],
  fields: ['rows', 'items', 'count', 'problems'],
  uses: 'local',
  run: ({ args: [path = ''], host, style }) =>
    withCatalogueFile(path, host, async (loaded) => {
      const { problems, rows, items } = await checkCatalogue(loaded);
      const data = { rows, items, count: problems.count, problems: problems.listed };
      if (problems.count > 0)
        return { data, text: formatProblems(problems, path, style), exitCode: EXIT.failure };
      return { data, text: `${formatCount(rows, 'row')}, ${formatCount(items, 'image')}: no problem.\n` };
    }),
});
