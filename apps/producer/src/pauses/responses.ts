import type { PauseResponse } from '@darkroom/api';
import { queuePauseName, type SubmissionPause } from '@darkroom/shared/control';
import type { Pause } from '@darkroom/shared/queues';

const toIsoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());

export const pauseResponse = (pause: SubmissionPause): PauseResponse => ({
  object: 'pause',
  name: pause.name,
  scope: {
    tenant: pause.scope.tenant ?? null,
    run: pause.scope.run ?? null,
    model: (pause.scope.model as PauseResponse['scope']['model']) ?? null,
    queue: pause.scope.queue ?? null,
  },
  reason: pause.reason,
  owner: pause.owner,
  actor: pause.actor,
  since: toIsoTime(pause.since),
  until: toIsoTime(pause.until),
});

/** The pause of a whole queue. */
export const queuePauseResponse = ({ queue, record }: Pause): PauseResponse => ({
  object: 'pause',
  name: queuePauseName(queue),
  scope: { tenant: null, run: null, model: null, queue },
  reason: record?.reason ?? null,
  owner: record?.actor ?? null,
  actor: record?.actor ?? null,
  since: toIsoTime(record?.since),
  until: null,
});
