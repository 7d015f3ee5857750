import type { Check } from '../../src/doctor/index.ts';
import { type CliOptions, darkroom } from './run.ts';

export interface Report {
  code: number;
  checks: Check[];
  /** The status and the text of all lines with this name. */
  lines(name: string): string[];
}

/** Runs `darkroom doctor` with these settings. */
export async function runDoctor(
  env: Record<string, string | undefined>,
  options: Omit<CliOptions, 'env'> & { args?: string[] } = {},
): Promise<Report> {
  const { args = [], ...more } = options;
  const { code, out } = await darkroom(['doctor', '--json', 'all', ...args], { env, ...more });
  const checks = JSON.parse(out) as Check[];
  return {
    code,
    checks,
    lines: (name) =>
      checks.filter((check) => check.name === name).map(({ status, message }) => `${status} ${message}`),
  };
}
