import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Workspace } from './workspace.ts';

/** The properties of the machine that affect the numbers. None of them identifies its owner. */
export interface Machine {
  cores: number;
  cpu: string;
  memory_gb: number;
  platform: string;
  node: string;
  redis: string;
  redis_from: string;
  fast_folders: 'tmpfs' | 'disk';
}

export const readMachine = (workspace: Workspace): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() || 'unknown',
  memory_gb: Math.round(totalmem() / 1e9),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  redis: workspace.redisVersion,
  redis_from: workspace.redisFrom,
  fast_folders: workspace.memoryFolders,
});

export const describeMachine = (machine: Machine): string =>
  [
    `${machine.cores} cores (${machine.cpu}), ${machine.memory_gb} GB, ${machine.platform}`,
    `Node ${machine.node}, Redis ${machine.redis} (${machine.redis_from})`,
    `folders of throughput and engine-cost: ${machine.fast_folders}`,
  ].join('\n');
