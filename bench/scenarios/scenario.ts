import type { Ground } from '../workspace.ts';

export interface Size {
  /** Renders a run of a variant takes, where the scenario has no other reason. */
  renders: number | undefined;
  quick: boolean;
  /** Folder for CPU profiles of the worker. */
  cpuProfile: string | undefined;
  /** Tells a person what is being done. */
  progress(line: string): void;
}

export interface Scenario<R> {
  name: string;
  run(ground: Ground, size: Size): Promise<R>;
  /** The result as a table for people. Pure. */
  report(result: R): string;
}
