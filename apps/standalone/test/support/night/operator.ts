import { DarkroomError, hasEnded, type Render } from '@darkroom/client';
import type { PurchaseRecord } from '@darkroom/upstream-simulator';
import type { VisibleStep } from './fates.ts';
import type { NightPlan, PlannedRender } from './plan.ts';
import type { Night } from './processes.ts';

type Purchase = 'bought' | 'not_bought' | 'buy_again';

/** What the operator did with one render. */
export interface Deeds {
  cancel?: string;
  purchase?: Purchase;
  redriven?: boolean;
}

export interface Operator {
  /** Looks at all renders once, and acts. @returns whether all have ended and nothing is left to do. */
  makeRound(): Promise<boolean>;
  /** By render id. */
  readonly deeds: ReadonlyMap<string, Deeds>;
}

/** Codes of failures after which the outcome of the present purchase is open. */
const OPEN = ['submission_unknown', 'task_lost', 'task_timeout'];
/** A redrive of the other failures ends the same way. */
const REDRIVABLE = [...OPEN, 'generation_failed', 'result_expired', 'content_policy_violation'];

/** An operator who knows the provider's purchase log, and acts only through the API. Each render gets each deed once. */
export function openOperator(night: Night, plan: NightPlan): Operator {
  const { darkroom, simulator, url } = night;
  const planned = new Map(plan.renders.map((one) => [one.request.prompt, one]));
  const deeds = new Map<string, Deeds>();

  /** @returns whether it did something. */
  async function act(render: Render): Promise<boolean> {
    const own = planned.get(render.request.prompt);
    if (!own) throw new Error(`${render.id} is not planned: ${render.request.prompt}`);
    const done = deeds.get(render.id) ?? {};
    deeds.set(render.id, done);
    if (!hasEnded(render)) {
      if (!done.cancel && own.fate.cancelAt === findStep(render) && isInDownload(own))
        return cancel(render, done);
      return findStep(render) === 'hold' && own.statesEarly && stateBought(render, own, done);
    }
    if (!render.error || done.purchase || done.redriven || own.remedy === 'leave') return false;
    if (own.remedy === 'state' && OPEN.includes(render.error.code)) return state(render, own, done);
    return REDRIVABLE.includes(render.error.code) && redrive(render, done);
  }

  /** A render at the step `store` may still wait for its first download. Only one that met its fault is canceled there. */
  const isInDownload = ({ fate, request }: PlannedRender): boolean =>
    fate.cancelAt !== 'store' ||
    simulator.faults.list().some(({ rule, fired }) => rule.promptIncludes === request.prompt && fired > 0);

  async function cancel(render: Render, done: Deeds): Promise<boolean> {
    const outcome = await darkroom.renders.cancel(render.id).then(
      ({ status }) => status,
      (error: unknown) => {
        if (error instanceof DarkroomError && error.code === 'render_ended') return error.code;
        throw error;
      },
    );
    done.cancel = outcome;
    return true;
  }

  /** While a render is held, only a purchase that the log shows is certain. */
  async function stateBought(render: Render, own: PlannedRender, done: Deeds): Promise<boolean> {
    if (done.purchase || own.fate.cancelAt) return false;
    const task = findUnlistedTask(render);
    return task !== undefined && post(render, done, 'bought', task.taskId);
  }

  async function state(render: Render, own: PlannedRender, done: Deeds): Promise<boolean> {
    const task = findUnlistedTask(render);
    if (own.prefersBuyAgain) return post(render, done, 'buy_again');
    if (task) return post(render, done, 'bought', task.taskId);
    // A task that the render knows was bought, even if the provider did not find it for a while.
    return render.error?.code === 'submission_unknown'
      ? post(render, done, 'not_bought')
      : redrive(render, done);
  }

  /** The newest purchase in the log that the render does not know. */
  const findUnlistedTask = (render: Render): PurchaseRecord | undefined =>
    simulator.book.byBusinessId(render.id).findLast(({ taskId }) => !render.task_ids.includes(taskId));

  async function post(render: Render, done: Deeds, purchase: Purchase, taskId?: string): Promise<boolean> {
    const body = JSON.stringify({ purchase, ...(taskId ? { task_id: taskId } : {}) });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/renders/${render.id}/statement`, {
      method: 'POST',
      headers,
      body,
    });
    // 409: the provider's webhook was faster.
    if (response.status !== 202 && response.status !== 409) throw await describeResponse(response);
    if (response.status === 202) done.purchase = purchase;
    return response.status === 202;
  }

  /** Retries the failed job on the dashboard. */
  async function redrive(render: Render, done: Deeds): Promise<boolean> {
    const path = `/queues/api/queues/render/${render.id}/retry`;
    const response = await fetch(`${url}${path}`, { method: 'PUT' });
    if (response.status !== 204 && response.status !== 409) throw await describeResponse(response);
    done.redriven = true;
    return true;
  }

  return {
    deeds,
    makeRound: async () => {
      const renders: Render[] = [];
      for await (const render of darkroom.renders.list({ run: plan.run, limit: 100 })) renders.push(render);
      const acted = await Promise.all(renders.map(act));
      return renders.length === plan.renders.length && renders.every(hasEnded) && !acted.includes(true);
    },
  };
}

function findStep({ status, waiting_for: waitingFor }: Render): VisibleStep | undefined {
  switch (status) {
    case 'queued':
      return 'submit';
    case 'rendering':
      return waitingFor?.cause === 'unknown_purchase' ? 'hold' : 'poll';
    case 'storing':
      return 'store';
    default:
      return undefined;
  }
}

const describeResponse = async (response: Response) =>
  new Error(`${response.url}: HTTP ${response.status}: ${await response.text()}`);
