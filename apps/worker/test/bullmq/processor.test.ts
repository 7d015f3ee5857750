import { EngineError } from '@darkroom/shared/engine';
import { type Failure } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import type { Job, JobsOptions } from 'bullmq';
import { expect, test } from 'vitest';
import { createProcessor, type StageHost } from '../../src/bullmq/index.ts';
import { newCheckpoint, openHarness } from '../support/harness.ts';

requires('redis').describe('a stage as a processor', () => {
  const failure: Failure = { code: 'internal_error', message: 'm', step: 'poll', at: 0, chain: [] };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined } as never;

  async function runStage(
    host: Partial<StageHost<object, string>> & Pick<StageHost<object, string>, 'stage'>,
    options: JobsOptions = {},
  ): Promise<() => Promise<Job<object, string> | undefined>> {
    const harness = await openHarness();
    const whole: StageHost<object, string> = {
      log: silent,
      now: Date.now,
      dataKind: 'submit-job',
      createBugFailure: () => failure,
      ...host,
    };
    harness.engine.worker('try', createProcessor(whole));
    const queue = harness.engine.queue<object, string>('try');
    await queue.add('job', {}, { attempts: 1, ...options, jobId: 'the-job' });
    return async () => queue.getJob('the-job');
  }

  test('an engine that is away for a moment fails no job: the job is handed back and runs again', async () => {
    let runs = 0;
    const child = { queue: 'submit', id: 'c', checkpoint: newCheckpoint({}, 0) } as const;
    const job = await runStage({
      stage: async () =>
        ++runs === 1 ? { kind: 'child', child, absent: true } : { kind: 'done', value: 'went on' },
      addChild: async () => {
        throw new EngineError('unavailable', 'The queue engine is unavailable: not connected');
      },
    });
    await until(async () => (await job())?.isCompleted());
    expect(await job()).toMatchObject({ returnvalue: 'went on', attemptsMade: 1 });
    expect(runs).toBe(2);
  });

  test('a dead job fails, even if its message looks like an engine that is away', async () => {
    const dead = {
      ...failure,
      code: 'upstream_unreachable',
      message: 'connect ECONNREFUSED 127.0.0.1:1',
    } as const;
    const job = await runStage({ stage: async () => ({ kind: 'dead', failure: dead }) });
    await until(async () => (await job())?.isFailed());
    expect((await job())?.failedReason).toBe('upstream_unreachable: connect ECONNREFUSED 127.0.0.1:1');
  });

  test('a job that another worker moves to the front while it runs waits again in its own line', async () => {
    const added = Promise.withResolvers<Job | undefined>();
    const job = await runStage(
      {
        stage: async ({ data }) => {
          await (await added.promise)?.changePriority({ priority: 1 });
          return { kind: 'wait', data, afterMs: 60_000 };
        },
        computePriority: () => 7,
      },
      { priority: 7 },
    );
    added.resolve(await job());
    await until(async () => (await job())?.isDelayed());
    expect(await job()).toMatchObject({ priority: 7 });
  });

  test('an unexpected error fails the job at once', async () => {
    let runs = 0;
    const job = await runStage({
      stage: async () => {
        runs += 1;
        throw new TypeError('x is not a function');
      },
    });
    await until(async () => (await job())?.isFailed());
    expect(runs).toBe(1);
  });
});
