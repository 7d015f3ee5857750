import { dirname } from 'node:path';
import { program } from './program.ts';
import { Tally } from './tally.ts';

const CHECKS = ['check:types', 'check:format', 'check:lint', 'check:dead'];

/** Runs each check through turbo, which skips what has not changed. Quiet, unless one fails. */
export async function runChecks(): Promise<Tally> {
  const path = await pnpmFolder();
  let tally = new Tally(0, 0);
  for (const check of CHECKS) {
    const started = performance.now();
    const { code, output } = await program(
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

/**
 * turbo calls pnpm by name, once per package and side by side. Whoever came here without one on the PATH gets the
 * folder of the one npx keeps; several `npx pnpm` at once would wait for each other's lock without end.
 */
async function pnpmFolder(): Promise<string[]> {
  if ((await program('pnpm', ['--version'], { show: false })).code === 0) return [];
  const { code, output } = await program('npx', ['-y', '-p', 'pnpm@12', '-c', 'command -v pnpm'], {
    show: false,
  });
  const path = output.trim().split('\n').at(-1) ?? '';
  return code === 0 ? [dirname(path)] : [];
}
