import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { root, runProgram } from '../program.ts';
import { Tally } from './tally.ts';

/** Runs every `check:` script of package.json through turbo, which skips a check whose inputs have not changed. */
export async function runChecks(): Promise<Tally> {
  const path = await findPnpmFolder();
  let tally = new Tally(0, 0);
  for (const check of readCheckNames()) {
    const started = performance.now();
    const { code, output } = await runProgram(
      'turbo',
      ['run', check, '--continue', '--output-logs=errors-only', '--no-update-notifier'],
      { show: false, env: { TURBO_TELEMETRY_DISABLED: '1' }, path, timeout: 300_000 },
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? '✓' : '✗'} ${check} ${seconds} s`);
    if (code !== 0) console.log(output.trimEnd());
    tally = tally.plus(code === 0 ? new Tally(1, 0) : new Tally(0, 1));
  }
  return tally;
}

function readCheckNames(): string[] {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  return Object.keys(scripts).filter((name) => name.startsWith('check:'));
}

/**
 * turbo calls pnpm by name, once per package and in parallel. Where the PATH has no pnpm, this returns the folder in
 * which npx keeps one: parallel calls of `npx pnpm` would block each other at npx's lock.
 */
async function findPnpmFolder(): Promise<string[]> {
  if ((await runProgram('pnpm', ['--version'], { show: false })).code === 0) return [];
  const { code, output } = await runProgram('npx', ['-y', '-p', 'pnpm@12', '-c', 'command -v pnpm'], {
    show: false,
  });
  const path = output.trim().split('\n').at(-1) ?? '';
  return code === 0 ? [dirname(path)] : [];
}
