import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Ground } from './workspace.ts';

/** What about the machine matters to the numbers. Nothing that says whose it is. */
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

export const machineOf = (ground: Ground): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() || 'unknown',
  memory_gb: Math.round(totalmem() / 1e9),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
  redis: ground.redisVersion,
  redis_from: ground.redisFrom,
  fast_folders: ground.memoryFolders,
});

export const describeMachine = (machine: Machine): string =>
  [
    `${machine.cores} cores (${machine.cpu}), ${machine.memory_gb} GB, ${machine.platform}`,
    `Node ${machine.node}, Redis ${machine.redis} (${machine.redis_from})`,
    `folders of throughput and engine-cost: ${machine.fast_folders}`,
  ].join('\n');
