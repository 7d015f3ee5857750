import { LIVE_LIMITS } from '@darkroom/api';
import { nameAccount, writeBalanceReading } from '@darkroom/shared/balance';
import { type Settings } from '@darkroom/shared/config';
import { ControlStore } from '@darkroom/shared/control';
import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { DATA_VERSION, drawRenderId } from '@darkroom/shared/render';
import { cleanup, requires } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import fc from 'fast-check';
import pMap from 'p-map';
import { Agent } from 'undici';
import { expect, test } from 'vitest';
import { putBatch, putBatchFile } from '../support/contract/batch-fixture.ts';
import {
  putCatalogueFile,
  putCatalogueRun,
  putDeliveredRun,
  putReport,
  putSchedule,
} from '../support/contract/catalogue-fixture.ts';
import { type Answered, type Contract, createContract } from '../support/contract/check.ts';
import {
  ASKED,
  putBudget,
  putDeadLetter,
  putJob,
  putKey,
  putReceipt,
  putReconciliation,
  putRedrives,
  putRun,
  putUpload,
  REDRIVE_KEYS,
} from '../support/contract/contract-fixture.ts';
import { type OperationAt, readDocument } from '../support/contract/document.ts';
import { dayClock } from '../support/day-clock.ts';
import { type FuzzedRequest, type FuzzTargets, generateRequests } from '../support/fuzz/requests.ts';
import { send } from '../support/fuzz/send.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { putWorker } from '../support/worker-record.ts';

/** Random requests have no valid catalogue file, name no uploaded file, and their forms have another purpose. */
const NEVER_VALID = ['startCatalogueRun', 'putCatalogueSchedule', 'createBatch', 'uploadBatchFile'];
/** Over all operations. */
const REQUESTS = 3_000;
/** Additional rounds of an operation that had no valid request yet. */
const MORE_ROUNDS = 10;
/** FUZZ_SEED sets another one. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122);

requires('redis').describe(`${REQUESTS} random requests, generated from the OpenAPI document`, () => {
  test('every random request gets a documented response from an API without keys', async () => {
    const harness = await openWithSettings({});
    await fuzz(harness, {
      known: await putKnown(harness, 'default'),
      authorizations: [undefined, 'Bearer unknown'],
    });
  }, 240_000);

  test('every random request gets a documented response with every kind of key', async () => {
    const entries: string[] = [];
    const key = (tenant: string, roles: Role[], perSecond?: number) => {
      const { text, sha256 } = createApiKey();
      entries.push(formatApiKey({ tenant, roles, sha256, ...(perSecond ? { perSecond } : {}) }));
      return `Bearer ${text}`;
    };
    const shop = key('shop', ['enqueue', 'read', 'operate']);
    const operator = key('*', ['read', 'operate']);
    const others = [
      key('shop', ['read']),
      key('shop', ['enqueue']),
      key('press', ['enqueue', 'read', 'operate']),
      ...Array.from({ length: 60 }, () => operator),
      key('shop', ['read', 'enqueue'], 1),
      `Basic ${Buffer.from(`me:${shop.slice(7)}`).toString('base64')}`,
      'Bearer',
      'Bearer dk_unknown',
      'Basic ****',
      'Digest x',
      '',
      undefined,
    ];
    const harness = await openWithSettings({
      API_KEYS: parseApiKeys(entries.join(',')) ?? [],
      API_RATE_PER_SECOND: 100_000,
    });
    const authorizations = [...Array.from({ length: others.length }, () => shop), ...others];
    await fuzz(harness, { known: await putKnown(harness, 'shop'), authorizations });
  }, 240_000);
});

async function openWithSettings(settings: Partial<Settings>): Promise<Harness> {
  const provider = await startSimulator({ timeScale: 0.02 });
  cleanup(() => provider.close());
  const account = { TOAPIS_BASE_URL: provider.url, TOAPIS_API_KEY: provider.apiKey };
  const clock = dayClock();
  const harness = await openHarness({
    settings: {
      ...settings,
      ...account,
      WEBHOOK_SECRETS: [{ value: `whsec_${'A'.repeat(32)}` }],
    },
    wrap: (deps) => ({ ...deps, clock }),
  });
  // A reconciliation compares two readings.
  for (const at of [clock.now() - 86_400_000, clock.now()])
    await writeBalanceReading(harness.store, { at, micros: 10_000_000, account: nameAccount(account) });
  return harness;
}

/** Renders in every state. Few are running, because requests that wait for them take long. */
async function putKnown(harness: Harness, tenant: string): Promise<FuzzTargets['known']> {
  const failure = {
    code: 'task_lost' as const,
    message: 'gone',
    step: 'poll' as const,
    at: ASKED,
    chain: [],
  };
  const ended = await Promise.all([
    putReceipt(harness, { tenant }),
    putReceipt(harness, { tenant }),
    putReceipt(harness, { tenant, status: 'failed', failure }),
    putReceipt(harness, { tenant, status: 'canceled', canceled: { requestedAt: ASKED, from: 'poll' } }),
    putReceipt(harness, { tenant: 'another-tenant' }),
  ]);
  for (const { renderId, status } of ended) {
    const to = { kind: 'url', url: 'https://shop.example.com/hooks' } as const;
    const message = { version: DATA_VERSION, renderId, tenant, status, to, endedAt: ASKED };
    await harness.queues.webhook.add(status, message, { jobId: `msg_${renderId}_${status}_0` });
  }
  const living = await putJob(harness, { tenant });
  const ids = [...ended, living].map(({ renderId }) => renderId);
  // An operator can make any number of statements about it.
  const held = await putJob(harness, { tenant, at: { step: 'hold', reason: 'lost', until: ASKED } });
  const upload = `${'ab'.repeat(32)}.jpg`;
  await putUpload(harness, upload, tenant);
  const [dead, [canceled, other]] = [drawRenderId(), REDRIVE_KEYS];
  await putDeadLetter(harness, dead, tenant);
  await putRedrives(harness, REDRIVE_KEYS);
  await putKey(harness);
  // A request can remove a budget.
  const budgets = Array.from({ length: 8 }, (_, n) => `budget-${n}`);
  await Promise.all(budgets.map((budget) => putBudget(harness, budget)));
  const pauses = ['one', 'two', 'three', 'four', 'five', 'six'];
  const facts = {
    version: DATA_VERSION,
    reason: 'review',
    owner: 'ann',
    actor: 'ann',
    since: ASKED,
  } as const;
  const control = new ControlStore(harness.store);
  await Promise.all(pauses.map((name) => control.addPause({ ...facts, name, scope: { tenant } })));
  await putWorker(harness, 'one');
  const runs = ['night-1', 'night-2', 'night-3'];
  await Promise.all(runs.map((id) => putRun(harness, id, { tenant })));
  // An open run has events without end.
  await putRun(harness, 'open-night', { tenant, isOpen: true });
  const numbers = ['1', '2', '3'].map((one) => one.repeat(32));
  const batches = await Promise.all(numbers.map((one) => putBatch(harness, `batch_${one}`, { tenant })));
  // A request can delete a file.
  const files = await Promise.all(
    [...numbers, ...['4', '5', '6', '7', '8'].map((one) => one.repeat(32))].map((one) =>
      putBatchFile(harness, `file-${one}`, tenant),
    ),
  );
  const run = await putReport(harness, tenant);
  const redrive = '/v1/redrives/{id}';
  const catalogue = '/v1/catalogues/{name}';
  await putCatalogueRun(harness, {}, tenant);
  const delivered = await putDeliveredRun(harness, [{ status: 'failed', code: 'generation_failed' }], {
    tenant,
  });
  // A request can end a schedule.
  const scheduled = Array.from({ length: 8 }, (_, n) => `bags-${n}`);
  await Promise.all(scheduled.map((one) => putSchedule(harness, one, tenant)));
  return {
    run: ['2026-11-20'],
    sha256: [await putCatalogueFile(harness, tenant)],
    [`${catalogue}/runs`]: ['shoes'],
    [`${catalogue}/schedule`]: scheduled,
    [`${catalogue}/runs/{run} name`]: ['shoes'],
    [`${catalogue}/runs/{run}/cancel name`]: ['shoes'],
    [`${catalogue}/runs/{run}/failures name`]: ['shoes'],
    [`${catalogue}/runs/{run}/failures run`]: [delivered],
    [`${catalogue}/runs/{run}/retry name`]: ['shoes'],
    [`${catalogue}/runs/{run}/retry run`]: [delivered],
    [`${catalogue}/files/{sha256} name`]: ['shoes'],
    id: [...ids, ...ids.slice(0, 4), ...Array.from({ length: 6 }, () => held.renderId), drawRenderId()],
    queue: ['maintenance', 'webhook'],
    name: [upload, `${'cd'.repeat(32)}.png`],
    '/v1/pauses/{name}/resume': pauses,
    '/v1/dead-letters/{id}': [dead],
    '/v1/budgets/{name}': budgets,
    '/v1/reconcile/{id}': [await putReconciliation(harness)],
    '/v1/limits/{name}': [...LIVE_LIMITS, 'tenant-share.acme'],
    '/v1/catalogues/{name}/reviews': ['shoes'],
    // Of both parameters.
    '/v1/catalogues/{name}/runs/{run}/report.html': ['shoes', run],
    '/v1/workers/{name}/drain': ['one'],
    '/v1/workers/{name}/undrain': ['one'],
    '/v1/runs/{id}': runs,
    '/v1/batches/{id}': batches,
    '/v1/batches/{id}/cancel': batches,
    '/v1/batches/{id}/output': batches,
    '/v1/batches/{id}/errors': batches,
    '/v1/files/{id}': files,
    '/v1/files/{id}/content': files,
    '/v1/runs/{id}/events': runs,
    '/v1/runs/{id}/results': runs,
    '/v1/runs/{id}/seal': [...runs, 'open-night'],
    '/v1/runs/{id}/cancel': [...runs, 'open-night'],
    '/v1/runs/{id}/redrive': runs,
    '/v1/keys/{id}/revoke': ['key_9f86d081884c7d65'],
    // Completed, completed and canceled.
    '/v1/renders/{id}/buy-again': [ids[0], ids[1], ids[3]].flatMap((id) => id ?? []),
    '/v1/renders/{id}/statement': [...Array.from({ length: 5 }, () => held.renderId), ...ids.slice(0, 1)],
    '/v1/redrive-plans/{id}': [`rdp_${other}`],
    [redrive]: [`rdv_${other}`],
    [`${redrive}/items`]: [`rdv_${other}`],
    // A canceled redrive cannot be paused.
    [`${redrive}/pause`]: [`rdv_${other}`],
    [`${redrive}/resume`]: [`rdv_${other}`],
    [`${redrive}/cancel`]: [`rdv_${canceled}`],
  };
}

/** A busy machine can answer 503 once. A request that is always answered so is a fault. */
async function sendUntilAvailable(...call: Parameters<typeof send>): ReturnType<typeof send> {
  for (let tries = 1; ; tries += 1) {
    const answered = await send(...call);
    if (answered?.status !== 503 || tries === 3) return answered;
  }
}

/** Operations that run at the same time. With all of them, a store on a slow disk answers after its deadline. */
const PARALLEL = 16;

/** Runs the operations, some in parallel. Each has its share of the requests and a seed that determines them. */
async function fuzz(harness: Harness, targets: FuzzTargets): Promise<void> {
  const document = await readDocument(harness.url);
  const contract = createContract(document);
  const dispatcher = new Agent({ connections: 32 });
  cleanup(() => dispatcher.close());
  // Operations with a body get more requests.
  const weights = contract.operations.map<number>(({ operation }) => (operation.requestBody ? 3 : 1));
  const share = REQUESTS / weights.reduce((sum, weight) => sum + weight);
  const seen = new Map(contract.operations.map((at) => [at, [] as number[]]));
  const hasValid = (at: OperationAt) => seen.get(at)?.some((status) => status >= 200 && status < 300);
  const runRound = (at: OperationAt, index: number, round: number) =>
    fc.assert(
      fc.asyncProperty(generateRequests(document, at, targets), async (request) => {
        const answered = await sendUntilAvailable(harness.url, request, dispatcher);
        seen.get(at)?.push(answered?.status ?? 0);
        const fault = answered && findFault(contract, at, request, answered);
        if (fault) throw new Error(`${fault}\nanswered to ${shown(request)}`);
      }),
      {
        numRuns: Math.ceil(share * (weights[index] ?? 1)),
        seed: SEED + index + round * 1_000,
        endOnFailure: false,
        interruptAfterTimeLimit: 180_000,
        markInterruptAsFailure: true,
      },
    );
  const runRounds = async (at: OperationAt, index: number) => {
    const rounds = NEVER_VALID.includes(at.operation.operationId) ? 0 : MORE_ROUNDS;
    await runRound(at, index, 0);
    for (let round = 1; round <= rounds && !hasValid(at); round += 1) await runRound(at, index, round);
  };
  const ended = await pMap(
    contract.operations,
    async (at, index) => await Promise.allSettled([runRounds(at, index)]),
    { concurrency: PARALLEL },
  );
  const results = ended.flat();
  const faults = results.flatMap((result, index) => {
    if (result.status === 'fulfilled') return [];
    const { method, path } = contract.operations[index] ?? {};
    const { message, cause } = result.reason as Error;
    const text = `${(cause as Error | undefined)?.message ?? ''}\n${message}`.slice(0, 3_000);
    return [`${method} ${path} with FUZZ_SEED=${SEED}: ${text}`];
  });
  expect(faults.join('\n\n')).toBe('');
  expect([...seen.values()].flat().length).toBeGreaterThanOrEqual(REQUESTS);
  // Some requests of each operation were valid: rejected requests alone would prove nothing.
  const never = contract.operations
    .filter((at) => !hasValid(at))
    .map(({ operation }) => operation.operationId);
  expect(never.filter((id) => !NEVER_VALID.includes(id))).toEqual([]);
}

/** What is wrong with an answer, or nothing. */
function findFault(
  contract: Contract,
  at: OperationAt,
  request: FuzzedRequest,
  answered: Answered,
): string | undefined {
  if (answered.status >= 500) return `${answered.status}: ${answered.body.toString('utf8').slice(0, 500)}`;
  const here = operationOf(contract, at, request);
  const fault = here ? contract.findFault(here, answered) : undefined;
  if (here && !fault) return undefined;
  // An odd id may lead to another address, and an odd method to none.
  const other = contract.findOtherFault(at, answered);
  return other && `${fault ?? other} (status ${answered.status})`;
}

/** What a request came to by its method. */
const operationOf = (contract: Contract, at: OperationAt, { method }: FuzzedRequest) =>
  contract.operations.find((one) => one.path === at.path && one.method === method);

const shown = ({ method, path, headers, body }: FuzzedRequest) =>
  `${method} ${path} ${JSON.stringify(headers)} ${JSON.stringify(body?.slice(0, 1_000))}`;
