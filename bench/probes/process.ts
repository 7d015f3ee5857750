import { readdir, readFile } from 'node:fs/promises';

/** Linux counts CPU time in ticks of 10 ms, on every machine that runs Node. */
const TICK_MS = 10;

/** CPU time of a process so far, in ms. `main` is the thread of the event loop. */
export interface CpuTime {
  main: number;
  others: number;
}

/** @returns undefined on systems without /proc. */
export async function readCpuTime(pid: number): Promise<CpuTime | undefined> {
  try {
    const [main, all] = await Promise.all([
      readTicks(`/proc/${pid}/task/${pid}/stat`),
      readTicks(`/proc/${pid}/stat`),
    ]);
    return { main: main * TICK_MS, others: Math.max(0, all - main) * TICK_MS };
  } catch {
    return undefined;
  }
}

async function readTicks(file: string): Promise<number> {
  const text = await readFile(file, 'utf8');
  // The second field is a name in parentheses and may contain blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Memory of a process in bytes: the resident set now, its highest value, and the part without a file behind it. */
export interface Memory {
  rss: number;
  peak: number;
  anonymous: number;
}

export async function readMemory(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rss: field('VmRSS'), peak: field('VmHWM'), anonymous: field('RssAnon') };
}

export async function hasProcFiles(): Promise<boolean> {
  return readdir('/proc/self/task').then(
    () => true,
    () => false,
  );
}
