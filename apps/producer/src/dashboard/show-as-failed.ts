import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';

type Status = ReturnType<BullMQAdapter['getJobStatuses']>[number];

const WAITING: Status[] = ['waiting'];
const FAILED: Status[] = ['failed'];

/**
 * Shows the jobs of a queue of dead letters as failed. For BullMQ they wait, because no worker takes them. But an orange
 * tab "waiting" says that Darkroom still works on them. The other tabs of such a queue would always be empty.
 *
 * @param readReason why the job is there, from its data
 */
export function showAsFailed(adapter: BullMQAdapter, readReason: (data: unknown) => string): void {
  const getJob = adapter.getJob.bind(adapter);
  const getJobs = adapter.getJobs.bind(adapter);
  const getJobCounts = adapter.getJobCounts.bind(adapter);
  adapter.getStatuses = () => ['latest', ...FAILED];
  adapter.getJobStatuses = () => FAILED;
  adapter.getJobCounts = async () => {
    const { waiting = 0 } = await getJobCounts();
    return { failed: waiting } as Awaited<ReturnType<typeof getJobCounts>>;
  };
  adapter.getJobs = async (_statuses, start, end) => {
    const jobs = await getJobs(WAITING, start, end);
    for (const job of jobs) setReason(job, readReason);
    return jobs;
  };
  adapter.getJob = async (id) => {
    const job = await getJob(id);
    if (!job) return job;
    setReason(job, readReason);
    job.getState = async () => 'failed';
    return job;
  };
}

/** Bull Board reads these from the job itself. */
function setReason(job: object, readReason: (data: unknown) => string): void {
  const failed = job as { data?: unknown; failedReason?: string; stacktrace?: string[] };
  failed.failedReason = readReason(failed.data);
  failed.stacktrace = [failed.failedReason];
}
