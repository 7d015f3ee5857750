import type { Queues } from '@darkroom/shared/queues';
import { type Checkpoint, readCheckpoint } from '@darkroom/shared/render';
import type { Job } from 'bullmq';
import type { FailedRenders, RenderState } from '../stage/index.ts';

/** How often a render has ended. A restored job counts from 0 again. */
const countEnds = ({ data, attemptsMade }: Job<Checkpoint>) => (data.endsBefore ?? 0) + attemptsMade;

export function openFailedRenders({ render: queue }: Queues): FailedRenders {
  const read = async (renderId: string): Promise<RenderState> => {
    const job = await queue.getJob(renderId);
    if (!job) return { kind: 'absent' };
    const checkpoint = readCheckpoint(job.data);
    const ends = countEnds(job);
    if (!job.finishedOn) return { kind: 'running', ends };
    if (!job.failedReason) {
      return { kind: 'ended', ends, status: job.returnvalue?.status ?? 'completed' };
    }
    const { at } = checkpoint;
    const failure =
      at.step === 'bury'
        ? { code: at.failure.code, message: at.failure.message, step: at.failure.step }
        : {
            code: 'worker_lost' as const,
            message: job.failedReason,
            step: at.step === 'cancel' ? at.from : at.step,
          };
    return { kind: 'failed', ends, failure };
  };
  return {
    read,
    retry: async (renderId, end) => {
      const job = await queue.getJob(renderId);
      if (!job?.failedReason || countEnds(job) !== end) return false;
      try {
        await job.retry('failed');
        return true;
      } catch (error) {
        // Another process made it run again in between.
        if ((await queue.getJobState(renderId)) !== 'failed') return false;
        throw error;
      }
    },
  };
}
