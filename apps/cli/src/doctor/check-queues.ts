import { type Queues, readStops } from '@darkroom/shared/queues';
import { formatCount, formatDuration } from '../output/index.ts';
import { type Check, fail, ok, type Patient, runCheck, warn } from './check.ts';

/** A render may wait this much longer than the quota explains. */
const SPARE_MS = 15 * 60_000;

/** Checks how much waits, since when, and what stops it. */
export async function checkQueues({ queues, settings, clock, engine }: Patient): Promise<Check[]> {
  if (!queues || !engine) return [];
  return await runCheck('queue depth', 'Check Redis.', async () => {
    const counts = await queues.render.getJobCounts();
    const waiting = (counts.prioritized ?? 0) + (counts.waiting ?? 0);
    const submissions = await queues.submit.getJobCountByTypes('prioritized', 'waiting', 'delayed', 'active');
    const depth = `${formatCount(waiting + submissions, 'render')} before their purchase, ${counts.delayed ?? 0} at the provider, ${counts.failed ?? 0} failed`;
    return [
      ok('queue depth', depth),
      ...(await checkOldest(queues, {
        now: clock.now(),
        perSecond: settings.TOAPIS_SUBMIT_PER_SECOND,
        waiting,
        submissions,
      })),
      ...(await checkStops(queues)),
      ...(await checkDeadLetters(queues)),
    ];
  });
}

async function checkOldest(
  queues: Queues,
  facts: { now: number; perSecond: number; waiting: number; submissions: number },
): Promise<Check[]> {
  // Within a lane, the first job is the oldest. The lanes follow each other.
  const lanes = await Promise.all(
    [queues.render, queues.submit].map(async (queue) => {
      const [first] = await queue.getJobs(['prioritized', 'waiting'], 0, 0, true);
      return first?.timestamp;
    }),
  );
  const times = lanes.filter((time) => time !== undefined);
  if (times.length === 0) return [ok('oldest job', 'No render waits for its purchase')];
  const ageMs = facts.now - Math.min(...times);
  const explainedMs = ((facts.waiting + facts.submissions) / facts.perSecond) * 2_000 + SPARE_MS;
  const message = `The next render waits since ${formatDuration(ageMs)}`;
  return [
    ageMs > explainedMs
      ? warn(
          'oldest job',
          `${message}, longer than the quota explains`,
          'Check the workers, the pauses and the account.',
        )
      : ok('oldest job', message),
  ];
}

async function checkStops(queues: Queues): Promise<Check[]> {
  const { pauses, account } = await readStops(queues);
  return [
    ...pauses.map(({ queue, record }) =>
      warn(
        'pause',
        `The queue ${queue} is paused${record ? ` by ${record.actor}: ${record.reason}` : ', outside of Darkroom'}`,
        `darkroom resume ${queue}`,
      ),
    ),
    ...(account
      ? [
          fail(
            'account stop',
            `Submissions are stopped, because the account cannot buy (${account.reason})`,
            'Add money to the account or correct TOAPIS_API_KEY. Workers check it by themselves.',
          ),
        ]
      : []),
  ];
}

async function checkDeadLetters(queues: Queues): Promise<Check[]> {
  const count = async (queue: Queues['deadLetter'] | Queues['webhookDeadLetter']) =>
    Object.values(await queue.getJobCounts()).reduce((sum, jobs) => sum + jobs, 0);
  const [renders, webhooks] = await Promise.all([count(queues.deadLetter), count(queues.webhookDeadLetter)]);
  if (renders + webhooks === 0) return [ok('dead letters', 'There are none')];
  return [
    warn(
      'dead letters',
      `${formatCount(renders, 'render')} and ${formatCount(webhooks, 'webhook')} wait for an operator`,
      'darkroom dead-letters summary',
    ),
  ];
}
