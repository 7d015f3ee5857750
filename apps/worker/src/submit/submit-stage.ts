import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { AccountStopped, SubmitAnswer } from '@darkroom/providers';
import type { PausableRender, SubmissionPause } from '@darkroom/shared/control';
import type { Acceptance, ClaimId, Release } from '@darkroom/shared/ledger';
import { isStoreAway } from '@darkroom/shared/object-store';
import type { SubmitJob, SubmitResult } from '@darkroom/shared/queues';
import { errorMessage } from '@darkroom/shared/runtime';
import type { BudgetAnswer, BudgetGate } from '../budgets/index.ts';
import { createSituation, decide, type Trouble, waitForPause } from '../decide/index.ts';
import { createFailure, type Infra, type StageJob, type StageOutcome } from '../stage/index.ts';
import { prepareInputs } from './prepare-inputs.ts';
import type { ProviderProof } from './provider-proof.ts';

/** Keeps submissions back while the provider's account cannot buy. */
export interface AccountGate {
  /** Runs a submission. @returns `undefined`, without running it, while the account cannot buy. */
  runIfOpen<T>(submission: () => Promise<T>): Promise<T | undefined>;
  /** A submission was accepted: the account can buy. Never rejects. */
  noteAccepted(): Promise<void>;
  /** After a refusal: whether the account seems healthy, and whether submissions are stopped already. */
  inspect(
    reason: AccountStopped['reason'],
    signal: AbortSignal,
  ): Promise<{ isHealthy: boolean; isStopped: boolean }>;
  /** Stops all submissions until the account can buy again. */
  stop(reason: AccountStopped['reason'], signal: AbortSignal): Promise<void>;
}

/** What the submit stage alone needs. */
export interface SubmitDeps {
  proof: ProviderProof;
  account: AccountGate;
  budgets: Pick<BudgetGate, 'reserve' | 'count' | 'release'>;
  /** Whether a caller canceled the render, or its run buys nothing more. */
  isCanceled(submission: SubmitJob): Promise<boolean>;
  /** The pauses that hold a submission back at this moment, the one that ends last first. */
  findPauses(render: PausableRender): Promise<SubmissionPause[]>;
}

interface SubmitContext {
  job: StageJob<SubmitJob>;
  infra: Infra;
  own: SubmitDeps;
}

type SubmitOutcome = StageOutcome<SubmitResult, SubmitJob>;
type Accepted = Pick<Acceptance, 'taskId' | 'acceptedAt'>;

/**
 * Buys one image, at most once. The order is the guarantee: proof, inputs, budgets, intent, POST, acceptance. A run that finds an intent
 * without an acceptance does not POST (I2). The task id is in the ledger before any other component learns it (I3).
 */
export async function submitStage(
  job: StageJob<SubmitJob>,
  infra: Infra,
  own: SubmitDeps,
): Promise<SubmitOutcome> {
  const context = { job, infra, own };
  try {
    if (job.data.accepted) return await recordAcceptance(context, job.data.accepted);
    return await buyOnce(context);
  } catch (error) {
    if (job.signal.aborted || !isStoreAway(error)) throw error;
    const { renderId, attempt } = job.data;
    infra.log.warn({ renderId, attempt, err: error.message }, 'store away: submission waits');
    return applyDecision(context, { kind: 'store_away' }, error.message);
  }
}

async function buyOnce(context: SubmitContext): Promise<SubmitOutcome> {
  const { job, infra, own } = context;
  const { renderId, attempt } = job.data;
  const state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  if (state.kind === 'accepted') return accepted(state.acceptance);
  if (state.kind === 'canceled') return { kind: 'done', value: state };
  if (state.kind === 'claimed') return unknown('an earlier run claimed it and left no outcome');
  const outcome = await own.account.runIfOpen(() => buyUnclaimed(context, state.nextClaim));
  return outcome ?? applyDecision(context, { kind: 'account_stopped' }, 'the account cannot buy');
}

async function buyUnclaimed(context: SubmitContext, nextClaim: number): Promise<SubmitOutcome> {
  const { job, infra, own } = context;
  const { renderId, attempt, provider, request } = job.data;
  const paused = await waitWhilePaused(context);
  if (paused) return paused;
  const proof = await own.proof.obtain();
  if (proof.kind === 'unproven') return applyDecision(context, { kind: 'provider_unproven' }, proof.reason);
  if (proof.kind === 'not_bought') return applyDecision(context, proof, proof.reason);
  const prepared = await prepareInputs(request, infra, job.signal);
  if (prepared.kind === 'account') return handleAccountRefusal(context, prepared);
  if (prepared.kind === 'trouble') return applyDecision(context, prepared.trouble, prepared.message);
  // From here on a cancel is no longer free.
  if (await own.isCanceled(job.data)) return { kind: 'done', value: { kind: 'canceled' } };
  const pausedMeanwhile = await waitWhilePaused(context);
  if (pausedMeanwhile) return pausedMeanwhile;
  const reserved = await own.budgets.reserve(job.data);
  if (reserved.kind === 'not_ready')
    return applyDecision(context, { kind: 'budgets_not_ready' }, 'the sums of the budgets are being filled');
  if (reserved.kind === 'over') return waitForBudget(context, reserved);
  const owner = randomUUID();
  const claim: ClaimId = { renderId, attempt, claim: nextClaim };
  const claimedBy = `${hostname()}/${process.pid}`;
  // Each try has the same owner: if the store's answer to a put was lost, the next try finds its own intent.
  const claimed = await retryWhileStoreAway(context, CLAIM_TRIES, () =>
    infra.ledger.claim(claim, { provider, owner, claimedBy, request }, job.signal),
  );
  if (!claimed) return unknown('another run claimed it');
  const answer = await infra.provider.submit({ renderId, request, inputs: prepared.inputs });
  infra.metrics.submissions.inc({ answer: answer.kind });
  const release = async (reason: string) => {
    await releaseClaim(context, claim, { owner, reason: infra.scrub(reason) });
    // After the ledger: until then the outcome is unknown, which counts as spent.
    await own.budgets.release(job.data);
  };
  return await handleSubmitAnswer(context, answer, release);
}

/** Over budget, a render waits. It uses no attempt, and no deadline runs. */
function waitForBudget(
  context: SubmitContext,
  { budget, renewsAt, isUnpriced }: Extract<BudgetAnswer, { kind: 'over' }>,
): Promise<SubmitOutcome> {
  const { job, infra } = context;
  const { name, limitMicros, per } = budget;
  const wait = {
    name,
    limitMicros,
    per,
    since: job.data.budget?.since ?? infra.clock.now(),
    ...(renewsAt === undefined ? {} : { renewsAt }),
    ...(isUnpriced ? { isUnpriced: true as const } : {}),
  };
  const marked = { ...context, job: { ...job, data: { ...job.data, budget: wait } } };
  return applyDecision(marked, { kind: 'over_budget', renewsAt }, `budget ${name} is used up`);
}

/** A submission that began before the pause waits, too. Its render wakes it. */
async function waitWhilePaused({ job, infra, own }: SubmitContext): Promise<SubmitOutcome | undefined> {
  const [pause] = await own.findPauses(job.data);
  if (!pause) return undefined;
  const [now, random] = [infra.clock.now(), infra.clock.random()];
  const data = { ...job.data, pausedAt: now };
  return { kind: 'wait', ...waitForPause({ until: pause.until, now, random }), data };
}

/** Writes down what the provider answered, before anything else is done with it. */
async function handleSubmitAnswer(
  context: SubmitContext,
  answer: SubmitAnswer,
  release: (reason: string) => Promise<void>,
): Promise<SubmitOutcome> {
  const { infra, own } = context;
  switch (answer.kind) {
    case 'accepted': {
      const outcome = await recordAcceptance(context, {
        taskId: answer.taskId,
        acceptedAt: infra.clock.now(),
      });
      await own.account.noteAccepted();
      return outcome;
    }
    case 'unknown':
      // The next submission may meet the same gateway. It is not sent before the provider itself answers.
      own.proof.discard();
      return unknown(infra.scrub(answer.reason));
    case 'rate_limited':
      await release('rate limited');
      return applyDecision(context, answer, 'rate limited');
    case 'not_bought':
      await release(answer.reason);
      return applyDecision(context, answer, answer.reason);
    case 'refused':
      await release(answer.message);
      return applyDecision(context, answer, answer.message);
    case 'account':
      await release(answer.message);
      return handleAccountRefusal(context, answer);
  }
}

/** The account refused: all submissions stop, unless the account is healthy and refuses only this render. */
async function handleAccountRefusal(
  context: SubmitContext,
  { reason, message }: AccountStopped,
): Promise<SubmitOutcome> {
  const { job, infra, own } = context;
  const { renderId, attempt, accountRefusals = 0 } = job.data;
  const account = await own.account.inspect(reason, job.signal);
  const refusals = accountRefusals + (account.isHealthy ? 1 : 0);
  const hasBoughtSince = accountRefusals > 0 && account.isHealthy && !account.isStopped;
  infra.log.warn({ renderId, attempt, reason, refusals }, 'submission refused by the account');
  const trouble = { kind: 'account_refused', reason, refusals, hasBoughtSince } as const;
  const marked = { ...context, job: { ...job, data: { ...job.data, accountRefusals: refusals } } };
  return applyDecision(marked, trouble, message);
}

const accepted = ({ taskId, acceptedAt }: Accepted): SubmitOutcome => ({
  kind: 'done',
  value: { kind: 'accepted', taskId, acceptedAt },
});

const unknown = (reason: string): SubmitOutcome => ({ kind: 'done', value: { kind: 'unknown', reason } });

const CLAIM_TRIES = 4;
const RELEASE_TRIES = 20;
/** About ten minutes. While neither the ledger nor the job can be written, only this process knows the task id. */
const ACCEPTANCE_TRIES = 300;
const PAUSE_MS = { first: 250, max: 2_000 };

/** Repeats a write to the ledger while the store is away, at most `maxTries` times. */
async function retryWhileStoreAway<T>(
  { job, infra }: SubmitContext,
  maxTries: number,
  write: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isStoreAway(error) || tries >= maxTries || job.signal.aborted) throw error;
      await pause(infra, tries);
    }
  }
}

const pause = ({ clock }: Infra, tries: number) =>
  clock.sleep(Math.min(PAUSE_MS.first * tries, PAUSE_MS.max));

/** Releases the claim after a definite refusal. It is repeated longer: a claim that stays makes the outcome unknown. */
const releaseClaim = (context: SubmitContext, claim: ClaimId, release: Omit<Release, 'releasedAt'>) =>
  retryWhileStoreAway(context, RELEASE_TRIES, () => context.infra.ledger.release(claim, release));

/**
 * Writes the acceptance into the ledger. While the store is away the task id waits in the job, which is as durable as
 * the queue, and the next run writes it.
 */
async function recordAcceptance(context: SubmitContext, mark: Accepted): Promise<SubmitOutcome> {
  const { job, infra, own } = context;
  const { renderId, attempt, provider, request } = job.data;
  const costMicros = infra.provider.priceMicros(request);
  const acceptance: Acceptance = { ...mark, costMicros, provider, source: 'answer' };
  const marked = { ...job.data, accepted: mark };
  let saved = job.data.accepted !== undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      // Without the job's signal: a shutdown must not lose what was just paid for.
      await infra.ledger.writeAcceptance(renderId, attempt, acceptance);
      await own.budgets.count(job.data);
      return accepted(mark);
    } catch (error) {
      // Any error of the store: this purchase is paid for, so it waits until the store is fixed (I3).
      const message = errorMessage(error);
      infra.log.error(
        { renderId, attempt, taskId: mark.taskId, err: message },
        'acceptance not written: the purchase is paid for and waits for the store',
      );
      saved ||= await job.save(marked).then(
        () => true,
        () => false,
      );
      if (saved && (tries >= CLAIM_TRIES || job.signal.aborted)) {
        const markedContext = { ...context, job: { ...job, data: marked } };
        return applyDecision(markedContext, { kind: 'store_away' }, message);
      }
      if (tries >= ACCEPTANCE_TRIES) throw error;
      await pause(infra, tries);
    }
  }
}

async function applyDecision(
  { job, infra, own }: SubmitContext,
  trouble: Trouble,
  message: string,
): Promise<SubmitOutcome> {
  const { attempt } = job.data;
  const decision = decide(trouble, createSituation(infra, { tries: job.attemptsMade + 1, attempt }));
  switch (decision.kind) {
    case 'wait':
      if (decision.stopAccount) await own.account.stop(decision.stopAccount, job.signal);
      return { kind: 'wait', afterMs: decision.afterMs, data: job.data };
    case 'wait-all':
      return decision;
    case 'retry':
      return { kind: 'retry', afterMs: decision.afterMs, reason: infra.scrub(message) };
    case 'dead':
      return { kind: 'dead', failure: createFailure(infra, 'submit', decision.code, message) };
    case 'hold':
    case 'buy-again':
      // Only the render stage asks for these decisions.
      throw new Error(`a submission cannot ${decision.kind}`);
  }
}
