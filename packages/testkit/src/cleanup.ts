import { onTestFinished } from 'vitest';

type Undo = () => Promise<void> | void;
const untilFileEnds: Undo[] = [];

/**
 * Runs `undo` when the test is over, passed or failed. Called from a hook, where there is no test, it runs when
 * the file is over. Last in, first out.
 */
export function cleanup(undo: Undo): void {
  try {
    onTestFinished(undo);
  } catch {
    untilFileEnds.push(undo);
  }
}

/** Runs what hooks left behind; everything is tried, the first failure is thrown. */
export async function cleanUpFile(): Promise<void> {
  const failures: unknown[] = [];
  for (let undo = untilFileEnds.pop(); undo; undo = untilFileEnds.pop()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
