// Darkroom's benchmark: `pnpm bench`. See README.md for how to read it.
//
// main.ts       the command
// ground.ts     Redis, folders, and the promise that all of it goes away
// children.ts   the processes that are measured, and what they talk to
// load.ts       renders into the queue, and waiting for them
// machine.ts    what about the machine matters
// stats.ts      pure: medians, spreads
// scenarios/    throughput, engine-cost, memory, intake
// intake/       the three parts of intake, and who calls
// gauges/       /proc, Redis
// skeleton/     the bare BullMQ worker to compare with
// pictures/     a file host with one large picture
// raw/          BullMQ's own adding, to compare the door with
// finisher/     a bare worker that completes renders
// report/       pure: results as tables
import { styleText } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { NoRedis, openGround } from './workspace.ts';
import { describeMachine, machineOf } from './machine.ts';
import { engineCost } from './scenarios/engine-cost.ts';
import { intake } from './scenarios/intake.ts';
import { memory } from './scenarios/memory.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { throughput } from './scenarios/throughput.ts';
import { rounded } from './stats.ts';

const SCENARIOS: Scenario<unknown>[] = [throughput, engineCost, memory, intake] as Scenario<unknown>[];

interface Flags {
  json?: boolean;
  renders?: number;
  quick?: boolean;
  only?: string[];
  cpuProf?: string;
}

const command = new Command('bench')
  .description('What a render costs in Darkroom, against a bare BullMQ skeleton in the same run.')
  .option('--json', 'print one JSON object, and nothing else on stdout')
  .option('--renders <n>', 'renders in each run of each variant', whole)
  .option('--quick', 'fewer renders, rounds and variants: about 70 s instead of 3 minutes')
  .addOption(
    new Option('--only <name>', 'one scenario; repeatable')
      .choices(SCENARIOS.map(({ name }) => name))
      .argParser((name: string, earlier?: string[]) => [...(earlier ?? []), known(name)]),
  )
  .option('--cpu-prof <folder>', 'keep CPU profiles of the throughput worker and the intake producer there')
  .addHelpText('after', '\nNeeds Redis: TEST_REDIS_URL, Docker, or redis-server on the PATH, in this order.')
  .parse();
const flags = command.opts<Flags>();

function whole(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 10_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 10000.');
  return parsed;
}

function known(name: string): string {
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
  progress('looking for Redis');
  const ground = await openGround();
  let interrupted = false;
  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const])
    process.once(signal, () => {
      interrupted = true;
      void ground.close().finally(() => process.exit(code));
    });
  try {
    const machine = machineOf(ground);
    const results: Record<string, unknown> = {};
    if (!flags.json) print(`${describeMachine(machine)}\n`);
    for (const scenario of SCENARIOS) {
      if (flags.only && !flags.only.includes(scenario.name)) continue;
      const { renders, quick = false, cpuProf: cpuProfile } = flags;
      const result = await scenario.run(ground, { renders, quick, cpuProfile, progress });
      results[scenario.name] = result;
      if (!flags.json) print(`${scenario.report(result)}\n`);
    }
    const elapsed_ms = Math.round(performance.now() - began);
    if (flags.json)
      print(JSON.stringify({ machine, quick: flags.quick === true, ...rounded(results), elapsed_ms }));
    else progress('done');
  } catch (error) {
    // After Ctrl-C the children are gone, and whoever waited for them says so.
    if (!interrupted) throw error;
  } finally {
    await ground.close();
  }
} catch (error) {
  const noRedis = error instanceof NoRedis;
  process.stderr.write(`${noRedis ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = noRedis ? 2 : 1;
}
