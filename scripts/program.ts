import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface ProgramResult {
  code: number;
  /** Standard output and standard error, unless they were shown. */
  output: string;
}

/**
 * Runs a program of `node_modules/.bin` in the root. A signal that ends this process also ends the program.
 *
 * @param options.show writes the output through instead of returning it
 * @param options.timeout milliseconds, an hour by default: a program that hangs must end as a failure
 */
export async function runProgram(
  name: string,
  args: string[],
  options: { show: boolean; env?: Record<string, string>; path?: string[]; timeout?: number },
): Promise<ProgramResult> {
  const PATH = [`${root}node_modules/.bin`, ...(options.path ?? []), process.env['PATH'] ?? ''].join(
    delimiter,
  );
  const stdio = options.show ? 'inherit' : 'pipe';
  const child = spawn(name, args, {
    cwd: root,
    env: { ...process.env, ...options.env, PATH },
    stdio: ['ignore', stdio, stdio],
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), options.timeout ?? 3_600_000);
  let signaled = false;
  const onSignal = () => {
    signaled = true;
    child.kill('SIGTERM');
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 1, output: Buffer.concat(chunks).toString() };
  } catch (error) {
    return { code: 127, output: (error as Error).message };
  } finally {
    clearTimeout(timer);
    for (const signal of SIGNALS) process.off(signal, onSignal);
    // Nothing else may start after a signal.
    if (signaled) process.exit(143);
  }
}
