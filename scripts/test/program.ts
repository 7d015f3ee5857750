import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface Ended {
  code: number;
  /** What it wrote, where it was not shown at once. */
  output: string;
}

/**
 * Runs a program of `node_modules/.bin` in the root; it is ended when this process is told to end.
 *
 * @param options.timeout milliseconds, an hour by default: a run that hangs must end as a failure
 */
export async function program(
  name: string,
  args: string[],
  options: { show: boolean; env?: Record<string, string>; path?: string[]; timeout?: number },
): Promise<Ended> {
  const PATH = [`${root}node_modules/.bin`, ...(options.path ?? []), process.env['PATH'] ?? ''].join(
    delimiter,
  );
  const stdio = options.show ? 'inherit' : 'pipe';
  const child = spawn(name, args, {
    cwd: root,
    env: { ...process.env, ...options.env, PATH },
    stdio: ['ignore', stdio, stdio],
  });
  const late = setTimeout(() => child.kill('SIGTERM'), options.timeout ?? 3_600_000);
  let told = false;
  const end = () => {
    told = true;
    child.kill('SIGTERM');
  };
  for (const signal of SIGNALS) process.on(signal, end);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 1, output: Buffer.concat(chunks).toString() };
  } catch (error) {
    return { code: 127, output: (error as Error).message };
  } finally {
    clearTimeout(late);
    for (const signal of SIGNALS) process.off(signal, end);
    // Told to end: then nothing else is started either.
    if (told) process.exit(143);
  }
}
