import type { Workspace } from './workspace.ts';

export interface Size {
  /** Renders in a run of a variant. Undefined: the scenario chooses. */
  renders: number | undefined;
  quick: boolean;
  /** The folder for CPU profiles. */
  cpuProfile: string | undefined;
  /** Prints what the bench is doing. */
  progress(line: string): void;
}

export interface Scenario<R> {
  name: string;
  run(workspace: Workspace, size: Size): Promise<R>;
  /** The result as a table for people. Pure. */
  report(result: R): string;
}
