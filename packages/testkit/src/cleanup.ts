import { onTestFinished } from 'vitest';

type Undo = () => Promise<void> | void;
const untilFileEnds: Undo[] = [];

/**
 * Registers `undo` to run when the test is over, passed or failed. A hook has no test: there, `undo` runs when the file
 * is over. The last one registered runs first.
 */
export function cleanup(undo: Undo): void {
  try {
    onTestFinished(undo);
  } catch {
    untilFileEnds.push(undo);
  }
}

/** Runs everything that hooks registered, then throws the first failure. */
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
