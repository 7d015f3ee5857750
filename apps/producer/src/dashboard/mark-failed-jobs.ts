interface BoardJob {
  id?: string;
  isFailed?: boolean;
}

interface BoardResponse {
  queues?: { name: string; jobs: BoardJob[] }[];
  job?: BoardJob;
  status?: string;
}

/**
 * Corrects which jobs are failed. Bull Board takes every job for failed that has the stack trace of an earlier try, also
 * if a later try completed it, and offers a retry that would be rejected.
 *
 * @param body a response of Bull Board's REST API
 * @param readState reads the state of a job
 */
export async function markFailedJobs(
  body: unknown,
  readState: (queueName: string, jobId: string) => Promise<string>,
): Promise<unknown> {
  const { queues, job, status } = body as BoardResponse;
  if (job?.isFailed !== undefined)
    return { ...(body as object), job: { ...job, isFailed: status === 'failed' } };
  if (!Array.isArray(queues)) return body;
  const mark = async (queueName: string, one: BoardJob) =>
    one.isFailed && one.id !== undefined
      ? { ...one, isFailed: (await readState(queueName, one.id)) === 'failed' }
      : one;
  return {
    ...(body as object),
    queues: await Promise.all(
      queues.map(async (queue) => ({
        ...queue,
        jobs: await Promise.all(queue.jobs.map((one) => mark(queue.name, one))),
      })),
    ),
  };
}
