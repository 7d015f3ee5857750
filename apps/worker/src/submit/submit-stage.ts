import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { getRenderPrice } from '@darkroom/shared/config';
import { type Acceptance } from '@darkroom/shared/ledger';
import { StoreError } from '@darkroom/shared/object-store';
import { type SubmitJob, type SubmitResult } from '@darkroom/shared/queues';
import { type Failure } from '@darkroom/shared/render';
import { decide, type Trouble } from '../decide/index.ts';
import type { SubmitAnswer } from '../provider/index.ts';
import { failureOf, limitsOf } from '../render/index.ts';
import type { Outcome, StageJob } from '../stage.ts';
import type { SubmitDeps } from './deps.ts';
import { prepareInputs } from './inputs.ts';

type SubmitOutcome = Outcome<SubmitResult, SubmitJob>;

/**
 * Buys one image, at most once. The order is the guarantee: inputs, intent, POST, acceptance. Whoever finds an
 * intent without an outcome does not POST (I2); the task id is in the ledger before anybody is told of it (I3).
 */
export async function submitStage(job: StageJob<SubmitJob>, deps: SubmitDeps): Promise<SubmitOutcome> {
  const { renderId, attempt, provider, request } = job.data;
  try {
    if (job.data.accepted) return await settle(job, deps, job.data.accepted);
    const standing = await deps.ledger.attemptState(renderId, attempt, job.signal);
    if (standing.kind === 'accepted') return accepted(standing.acceptance);
    if (standing.kind === 'claimed') {
      return {
        end: 'done',
        value: { kind: 'unknown', reason: 'an earlier run claimed it and left no outcome' },
      };
    }
    const inputs = await prepareInputs(job, deps);
    if (inputs.is === 'trouble') return conclude(job, deps, inputs.trouble, inputs.message);
    // The last moment at which it is free.
    if (await deps.cancelAsked(renderId)) return { end: 'done', value: { kind: 'canceled' } };
    const owner = randomUUID();
    const claimedBy = `${hostname()}/${process.pid}`;
    // The same owner asks again: a put whose answer was lost is found to be ours.
    const claimed = await patiently(CLAIM_TRIES, job, deps, () =>
      deps.ledger.claim(renderId, attempt, { provider, owner, claimedBy, request }, job.signal),
    );
    if (!claimed) return { end: 'done', value: { kind: 'unknown', reason: 'another run claimed it' } };
    const answer = await deps.provider.submit({
      model: request.model,
      prompt: request.prompt,
      size: request.size,
      resolution: request.resolution,
      imageUrls: inputs.images,
      maskUrl: inputs.mask,
      businessId: renderId,
    });
    deps.metrics.submissions.inc({ answer: answer.is });
    return await digest(job, deps, answer);
  } catch (error) {
    if (job.signal.aborted || !isAway(error)) throw error;
    deps.log.warn({ renderId, attempt, err: error.message }, 'store away, submission waits');
    return conclude(job, deps, { seen: 'own_parts_away' }, error.message);
  }
}

/** What the provider said, written down before anything else happens to it. */
async function digest(
  job: StageJob<SubmitJob>,
  deps: SubmitDeps,
  answer: SubmitAnswer,
): Promise<SubmitOutcome> {
  const { renderId, attempt } = job.data;
  switch (answer.is) {
    case 'accepted': {
      const mark = { taskId: answer.taskId, acceptedAt: deps.clock.now() };
      return settle(job, deps, mark);
    }
    case 'unknown':
      return { end: 'done', value: { kind: 'unknown', reason: deps.scrub(answer.reason) } };
    case 'rate_limited':
      await release(job, deps);
      return conclude(job, deps, { seen: 'rate_limited', retryAfterMs: answer.retryAfterMs }, 'rate limited');
    case 'not_bought':
      await release(job, deps);
      return conclude(job, deps, { seen: 'not_bought', retryAfterMs: answer.retryAfterMs }, answer.reason);
    case 'refused':
      await release(job, deps);
      return conclude(job, deps, { seen: 'refused', code: answer.code }, answer.message);
    case 'account':
      await release(job, deps);
      deps.log.error({ renderId, attempt, reason: answer.reason }, 'the provider account cannot buy');
      return conclude(job, deps, { seen: 'account_stopped', reason: answer.reason }, answer.message);
  }
}

const accepted = ({ taskId, acceptedAt }: Pick<Acceptance, 'taskId' | 'acceptedAt'>): SubmitOutcome => ({
  end: 'done',
  value: { kind: 'accepted', taskId, acceptedAt },
});

const CLAIM_TRIES = 4;
const RELEASE_TRIES = 20;
/** While neither the ledger nor the job can be written, memory is all there is: hold out for about ten minutes. */
const PAID_TRIES = 300;
const PAUSE_MS = { first: 250, most: 2_000 };

/** Asks a store that is away again, a few times. */
async function patiently<T>(
  most: number,
  job: StageJob<SubmitJob>,
  deps: SubmitDeps,
  ask: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error) || tries >= most || job.signal.aborted) throw error;
      await pause(deps, tries);
    }
  }
}

const isAway = (error: unknown): error is StoreError =>
  error instanceof StoreError && (error.code === 'unavailable' || error.code === 'denied');

const pause = (deps: SubmitDeps, tries: number) =>
  deps.clock.sleep(Math.min(PAUSE_MS.first * tries, PAUSE_MS.most));

/** A definite refusal frees the intent. Worth some patience: an intent that stays makes the outcome unknown. */
const release = (job: StageJob<SubmitJob>, deps: SubmitDeps) =>
  patiently(RELEASE_TRIES, job, deps, () => deps.ledger.release(job.data.renderId, job.data.attempt));

/**
 * Writes the acceptance. While the store is away the task id waits in the job itself, which is as durable as the
 * engine, and the next run writes it.
 */
async function settle(
  job: StageJob<SubmitJob>,
  deps: SubmitDeps,
  mark: { taskId: string; acceptedAt: number },
): Promise<SubmitOutcome> {
  const { renderId, attempt, provider, request } = job.data;
  const entry: Acceptance = {
    ...mark,
    costMicros: getRenderPrice(deps.settings, request.resolution),
    provider,
    source: 'answer',
  };
  const marked = { ...job.data, accepted: mark };
  let saved = job.data.accepted !== undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      // Without the job's signal: a shutdown must not lose what was just paid for.
      await deps.ledger.writeAcceptance(renderId, attempt, entry);
      return accepted(mark);
    } catch (error) {
      // Whatever is wrong with the store: this was paid for, so it waits until the store is mended (I3).
      const message = error instanceof Error ? error.message : String(error);
      deps.log.error(
        { renderId, attempt, taskId: mark.taskId, err: message },
        'paid, but the ledger cannot be written',
      );
      saved ||= await job.save(marked).then(
        () => true,
        () => false,
      );
      if (saved && (tries >= CLAIM_TRIES || job.signal.aborted)) {
        return conclude({ ...job, data: marked }, deps, { seen: 'own_parts_away' }, message);
      }
      if (tries >= PAID_TRIES) throw error;
      await pause(deps, tries);
    }
  }
}

async function conclude(
  job: StageJob<SubmitJob>,
  deps: SubmitDeps,
  trouble: Trouble,
  message: string,
): Promise<SubmitOutcome> {
  const decision = decide(trouble, {
    now: deps.clock.now(),
    random: deps.clock.random(),
    tries: job.attemptsMade + 1,
    attempt: job.data.attempt,
    limits: limitsOf(deps.settings),
  });
  switch (decision.do) {
    case 'wait':
      if (decision.pause) await deps.pauseSubmissions(decision.pause);
      return decision.everyone
        ? { end: 'wait-all', afterMs: decision.afterMs }
        : { end: 'wait', afterMs: decision.afterMs, data: job.data };
    case 'retry':
      return { end: 'retry', afterMs: decision.afterMs, reason: deps.scrub(message) };
    case 'dead': {
      const failure: Failure = failureOf(deps, 'submit', decision.code, message);
      return { end: 'dead', failure };
    }
    case 'hold':
    case 'buy-again':
      // These are the render's to decide, from a completed child.
      throw new Error(`a submission cannot ${decision.do}`);
  }
}
