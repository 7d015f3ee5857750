import { checkCatalogue } from '@darkroom/catalogue';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount } from '../../output/index.ts';
import { withCatalogueFile } from './load.ts';
import { formatProblems, formatQuarantine } from './problem-report.ts';

export const checkCommand = defineCommand({
  path: 'catalogue check',
  summary: 'Check a catalogue file and every row of its source. All problems are in one report.',
  details:
    'It reads no reference images and no manifest, and buys nothing. A source in a bucket is read with the credentials ' +
    'of a worker. The exit code is 1 if there is a problem. Rows that `guards.max_quarantined_rows` allows are listed, and are no problem.',
  args: [{ name: '<file>', text: 'a catalogue file' }],
  examples: ['catalogue check catalogue.yaml', 'catalogue check catalogue.yaml --json count,problems'],
  fields: ['rows', 'items', 'count', 'problems', 'quarantine'],
  uses: 'local',
  run: ({ args: [path = ''], host, style }) =>
    withCatalogueFile(path, host, async (loaded) => {
      const { problems, rows, items, quarantine } = await checkCatalogue(loaded);
      const data = { rows, items, count: problems.count, problems: problems.listed, quarantine };
      if (problems.count > 0)
        return { data, text: formatProblems(problems, path, style), exitCode: EXIT.failure };
      const rest = quarantine.rows === 0 ? 'no problem' : 'no problem that stops a run';
      return {
        data,
        text: `${formatQuarantine(quarantine, path, style)}${formatCount(rows, 'row')}, ${formatCount(items, 'image')}: ${rest}.\n`,
      };
    }),
});
