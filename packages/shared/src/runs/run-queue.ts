import type { Queues, RunJob } from '../queues/index.ts';
import { DATA_VERSION } from '../render/index.ts';

/** A job about runs, without its version. */
type RequestedJob = RunJob extends infer Job ? (Job extends RunJob ? Omit<Job, 'version'> : never) : never;

/** Requests a job about runs. One that waits or runs already stays: the sweep requests again what is still needed. */
export async function requestRunJob(queues: Pick<Queues, 'run'>, job: RequestedJob): Promise<void> {
  // The name of a tenant has no dot.
  const jobId = job.kind === 'fill' ? 'fill' : `${job.kind}.${job.tenant}.${job.id}`;
  await queues.run.add(job.kind, { version: DATA_VERSION, ...job } as RunJob, { jobId, attempts: 1 });
}
