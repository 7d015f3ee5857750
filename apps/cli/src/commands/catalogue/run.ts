import { readFile } from 'node:fs/promises';
import { catalogueRunSchema } from '@darkroom/api';
import {
  type CatalogueConfig,
  checkCatalogue,
  classifyLocation,
  createProblemList,
  GUARDS,
  type GuardName,
  type PlanFile,
  parseCatalogueFile,
  planFileSchema,
} from '@darkroom/catalogue';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand, type Result } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { followRun } from './follow-run.ts';
import { type LoadedFile, withCatalogueFile } from './load.ts';
import { formatProblems } from './problem-report.ts';
import { codeForRun, formatRun } from './run-view.ts';
import { uploadFiles } from './upload-files.ts';

interface Options {
  accept?: GuardName[];
  plan?: string;
  run?: string;
  wait: boolean;
}

export const runCommand = defineCommand<Options>({
  path: 'catalogue run',
  summary: 'Run a catalogue: buy what is new or changed, and deliver the images.',
  details:
    'It uploads the source and the reference images of this machine, and a worker does the rest: the run goes on if you ' +
    'stop watching. The name of the run is the date, so a second start on the same day is the same run. The exit code says ' +
    'how it ended: 0 with all images, 5 if some are missing, 4 if it was canceled, 6 if a guard stopped it, 1 for problems.',
  args: [{ name: '<file>', text: 'a catalogue file' }],
  options: [
    new Option('--accept <guard...>', 'pass these guards; the audit log has it').choices(GUARDS),
    new Option('--plan <path>', 'do exactly what this plan of `catalogue plan --out` says, or stop'),
    new Option('--run <name>', 'name the run (default: the date)'),
    new Option('--no-wait', 'do not wait for the end of the run'),
  ],
  examples: [
    'catalogue run catalogue.yaml',
    'catalogue run catalogue.yaml --accept many_changes',
    'catalogue run catalogue.yaml --plan plan.json --json status,counts,cost',
    'catalogue run catalogue.yaml --run relaunch --no-wait',
  ],
  fields: Object.keys(catalogueRunSchema.shape),
  uses: 'api',
  run: ({ args: [path = ''], options, host, api, style }) =>
    withCatalogueFile(path, host, async (loaded): Promise<Result> => {
      const problems = createProblemList();
      const parsed = parseCatalogueFile(loaded.file, problems);
      const paths = parsed && (await listPaths(parsed.config, loaded, problems));
      if (!parsed || !paths || problems.count > 0) {
        const data = { status: 'stopped', problems: { count: problems.count, listed: problems.listed } };
        return { data, text: formatProblems(problems, path, style), exitCode: EXIT.failure };
      }
      const plan = options.plan === undefined ? undefined : await readPlanFile(options.plan);
      const client = await api();
      const { name: catalogue } = parsed.config;
      const { workFolder } = loaded;
      const { folder } = loaded.locations;
      const files =
        paths.length === 0
          ? undefined
          : await uploadFiles(client, { catalogue, folder, workFolder }, paths, host);
      const accept = [...new Set([...(options.accept ?? []), ...listAccepted(plan)])];
      const started = await client.startCatalogueRun(catalogue, {
        file: Buffer.from(loaded.file).toString('utf8'),
        ...(files === undefined ? {} : { files }),
        ...(options.run === undefined ? {} : { run: options.run }),
        ...(accept.length === 0 ? {} : { accept }),
        ...(plan ? { plan: toApproval(plan) } : {}),
      });
      host.err(`Run ${started.run} of ${catalogue} has begun. It goes on if you stop watching.\n`);
      if (!options.wait) return { data: started, text: formatRun(started, host.clock.now(), client) };
      const run = await followRun(client, { catalogue, run: started.run }, host);
      return { data: run, text: formatRun(run, host.clock.now(), client), exitCode: codeForRun(run) };
    }),
});

/** The files of this machine that the worker needs, after every row was checked. */
async function listPaths(
  { source }: CatalogueConfig,
  { file, workFolder, locations }: LoadedFile,
  problems: ReturnType<typeof createProblemList>,
): Promise<string[]> {
  if (classifyLocation(source.path) !== 'path') return [];
  const paths = new Set([source.path]);
  const checked = await checkCatalogue({
    file,
    workFolder,
    locations,
    onItem: ({ references }) => {
      for (const reference of references) if (classifyLocation(reference) === 'path') paths.add(reference);
    },
  });
  for (const problem of checked.problems.listed) problems.add(problem);
  return [...paths];
}

async function readPlanFile(path: string): Promise<PlanFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `--plan: ${path} cannot be read (${error.code ?? 'unknown'}).`);
  });
  const parsed = planFileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CliError(
    EXIT.usage,
    `--plan: expected a plan, received something else in ${path}.`,
    'Make one with: darkroom catalogue plan <file> --out plan.json',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const listAccepted = (plan: PlanFile | undefined): GuardName[] =>
  (plan?.guards ?? []).flatMap(({ name, accepted }) => (accepted ? [name] : []));

const toApproval = ({
  catalogue_sha256,
  source_sha256,
  manifest_sha256,
  decisions_sha256,
  price,
}: PlanFile) => ({ catalogue_sha256, source_sha256, manifest_sha256, decisions_sha256, price });
