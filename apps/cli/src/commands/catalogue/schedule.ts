import { type CatalogueScheduleResponse, catalogueScheduleSchema } from '@darkroom/api';
import { classifyLocation, createProblemList, parseCatalogueFile } from '@darkroom/catalogue';
import { CliError } from '../../cli-error.ts';
import { defineCommand, type Result } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatFacts } from '../../output/index.ts';
import { withCatalogueFile } from './load.ts';
import { formatLocalTime } from './local-time.ts';
import { formatProblems } from './problem-report.ts';
import { tenantOption } from './runs.ts';

export const scheduleCommand = defineCommand({
  path: 'catalogue schedule',
  summary: 'Run a catalogue by itself, as `schedule` in its file says: once per local date.',
  details:
    'The file is kept by the server: after a change, schedule it again. The source must be an https:// or s3:// URL, because a ' +
    'worker reads it each night.',
  args: [{ name: '<file>', text: 'a catalogue file with `schedule`' }],
  examples: ['catalogue schedule catalogue.yaml', 'catalogue schedule catalogue.yaml --json next_night'],
  fields: Object.keys(catalogueScheduleSchema.shape),
  uses: 'api',
  run: ({ args: [path = ''], host, api, style }) =>
    withCatalogueFile(path, host, async ({ file }): Promise<Result> => {
      const problems = createProblemList();
      const parsed = parseCatalogueFile(file, problems);
      if (!parsed) {
        const data = { problems: { count: problems.count, listed: problems.listed } };
        return { data, text: formatProblems(problems, path, style), exitCode: EXIT.failure };
      }
      const { name, source } = parsed.config;
      if (classifyLocation(source.path) === 'path')
        throw new CliError(
          EXIT.usage,
          `source.path: expected an https:// or s3:// URL, received the path ${source.path}. A worker reads the source of each night, and cannot read files of this machine.`,
          'Put the export on a server or into a bucket. `catalogue run` uploads a file once, for one run.',
        );
      const schedule = await (await api()).scheduleCatalogue(name, Buffer.from(file).toString('utf8'));
      return { data: schedule, text: formatSchedule(schedule) };
    }),
});

export const unscheduleCommand = defineCommand<{ tenant?: string }>({
  path: 'catalogue unschedule',
  summary: 'End the schedule of a catalogue. A run that has begun goes on.',
  args: [{ name: '<name>', text: 'the name of a catalogue' }],
  options: [tenantOption()],
  examples: ['catalogue unschedule shoes', 'catalogue unschedule shoes --yes --json catalogue,next_night'],
  fields: Object.keys(catalogueScheduleSchema.shape),
  uses: 'api',
  asks: true,
  run: async ({ args: [name = ''], options: { tenant }, api, confirm }) => {
    await confirm(`End the schedule of ${name}?`);
    const ended = await (await api()).unscheduleCatalogue(name, tenant);
    return { data: ended, text: `The catalogue ${name} has no schedule any more.\n` };
  },
});

const formatSchedule = ({ catalogue, cron, time_zone: zone, next_night: next }: CatalogueScheduleResponse) =>
  formatFacts([
    ['catalogue', catalogue],
    ['schedule', `${cron}, ${zone}`],
    ['next night', next ? formatLocalTime(next.due_at, zone) : 'never'],
  ]);
