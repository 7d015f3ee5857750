// Darkroom's benchmark: `npx -y pnpm@12 bench`. README.md explains the results.
//
// main.ts        the command
// workspace.ts   a Redis and folders for the scenarios, removed at the end
// processes.ts   starts the measured processes and the servers that they call
// load.ts        adds renders to the queue and waits for them
// machine.ts     the properties of the machine that affect the numbers
// stats.ts       pure: medians and spreads
// scenario.ts    what a scenario is
// table.ts       pure: results as tables
// scenarios/     throughput, engine-cost, memory, decode, intake, lists, pages, journal, restore, redrive, plan, catalogue: run and
//                report
// intake/        the three parts of the scenario intake, and its caller
// probes/        read CPU time, memory and the work of Redis
// skeleton/      the bare BullMQ worker that Darkroom is compared with
// add-bulk/      adds jobs with BullMQ alone; the producer is compared with it
// fake-worker/   a bare worker that completes every render
// image-host/    a file host with one large image
// restorer/       restores one queue and counts the requests to the store
// planner/        plans one catalogue
// expander/       executes runs of catalogues, and no renders
// render-ender/   a bare worker that ends every render with a receipt
// catalogue-source.ts  writes a CSV of products
// decoder/       decodes one file several times at once
import { styleText } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { describeMachine, readMachine } from './machine.ts';
import type { Scenario } from './scenario.ts';
import {
  catalogue,
  decode,
  engineCost,
  intake,
  journal,
  lists,
  memory,
  pages,
  plan,
  redrive,
  restore,
  throughput,
} from './scenarios/index.ts';
import { roundNumbers } from './stats.ts';
import { openWorkspace, RedisMissing } from './workspace.ts';

const SCENARIOS: Scenario<unknown>[] = [
  throughput,
  engineCost,
  memory,
  decode,
  intake,
  lists,
  pages,
  journal,
  restore,
  redrive,
  plan,
  catalogue,
] as Scenario<unknown>[];

/** Scenarios that run for minutes. */
const ONLY_WHEN_NAMED = ['redrive', 'pages', 'catalogue'];

interface Flags {
  json?: boolean;
  renders?: number;
  quick?: boolean;
  only?: string[];
  cpuProf?: string;
}

const command = new Command('bench')
  .description(
    'Measures the cost of a render in Darkroom, compared with a bare BullMQ skeleton in the same run.',
  )
  .option('--json', 'print only one JSON object on stdout')
  .option('--renders <n>', 'renders in each run of each variant', parseCount)
  .option('--quick', 'fewer renders, rounds and variants: about 2 minutes instead of 5')
  .addOption(
    new Option('--only <name>', 'run only this scenario; repeatable')
      .choices(SCENARIOS.map(({ name }) => name))
      .argParser((name: string, earlier?: string[]) => [...(earlier ?? []), parseScenario(name)]),
  )
  .option(
    '--cpu-prof <folder>',
    'write CPU profiles of the throughput worker and the intake producer to this folder',
  )
  .addHelpText('after', '\nNeeds Redis: TEST_REDIS_URL, Docker, or redis-server on the PATH, in this order.')
  .parse();
const flags = command.opts<Flags>();

function parseCount(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 10_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 10000.');
  return parsed;
}

function parseScenario(name: string): string {
  if (SCENARIOS.some((scenario) => scenario.name === name)) return name;
  throw new InvalidArgumentError(`expected one of ${SCENARIOS.map((one) => one.name).join(', ')}.`);
}

const began = performance.now();
const print = (text: string) => void process.stdout.write(`${text}\n`);
const progress = (line: string) => {
  if (flags.json && !process.stderr.isTTY) return;
  const at = ((performance.now() - began) / 1000).toFixed(0).padStart(4);
  process.stderr.write(`${styleText('dim', `${at} s  ${line}`, { stream: process.stderr })}\n`);
};

try {
  progress('searching for Redis');
  const workspace = await openWorkspace();
  let interrupted = false;
  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const])
    process.once(signal, () => {
      interrupted = true;
      void workspace.close().finally(() => process.exit(code));
    });
  try {
    const machine = readMachine(workspace);
    const results: Record<string, unknown> = {};
    if (!flags.json) print(`${describeMachine(machine)}\n`);
    for (const scenario of SCENARIOS) {
      if (flags.only ? !flags.only.includes(scenario.name) : ONLY_WHEN_NAMED.includes(scenario.name))
        continue;
      const { renders, quick = false, cpuProf: cpuProfile } = flags;
      const result = await scenario.run(workspace, { renders, quick, cpuProfile, progress });
      results[scenario.name] = result;
      if (!flags.json) print(`${scenario.report(result)}\n`);
    }
    const elapsed_ms = Math.round(performance.now() - began);
    if (flags.json)
      print(JSON.stringify({ machine, quick: flags.quick === true, ...roundNumbers(results), elapsed_ms }));
    else progress('done');
  } catch (error) {
    // Ctrl-C ends the child processes, so waits for them fail.
    if (!interrupted) throw error;
  } finally {
    await workspace.close();
  }
} catch (error) {
  const noRedis = error instanceof RedisMissing;
  process.stderr.write(`${noRedis ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = noRedis ? 2 : 1;
}
