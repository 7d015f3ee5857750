import { hostname } from 'node:os';
import { VERSION } from '../runtime/index.ts';
import type { Queues } from './queues.ts';

/** A worker process that is connected to the queue. */
export interface SeenWorker {
  /** Its host and process id. Absent for a worker that has no name in Darkroom's form. */
  process?: string;
  version?: string;
}

const NAME = /:w:darkroom-worker@([^/]+)\/(.+)$/;

/**
 * The name of this process's workers: `darkroom-worker@0.2.1/host/4711`. BullMQ shows it to Redis as the name of the
 * connection, and writes it on each job that the worker runs.
 */
export function createWorkerName(version = VERSION): string {
  // Redis refuses a name with a space.
  const host = hostname().replace(/[^\w.-]/g, '_');
  return `darkroom-worker@${version}/${host}/${process.pid}`;
}

/**
 * The workers of queue `render` that Redis sees. Every worker process has one.
 *
 * @returns `undefined` if this Redis does not list its connections.
 */
export async function listSeenWorkers(queues: Pick<Queues, 'render'>): Promise<SeenWorker[] | undefined> {
  const clients = await queues.render.getWorkers();
  // Where CLIENT LIST is unknown, BullMQ returns one entry without the raw name.
  if (clients.some(({ rawname }) => rawname === undefined)) return undefined;
  const workers = clients.map(({ rawname = '' }): SeenWorker => {
    const [, version, process] = NAME.exec(rawname) ?? [];
    return version && process ? { process, version } : {};
  });
  // After a lost connection, Redis lists the old one for a while beside the new one.
  const named = new Map(workers.flatMap((worker) => (worker.process ? [[worker.process, worker]] : [])));
  return [...named.values(), ...workers.filter(({ process }) => process === undefined)];
}
