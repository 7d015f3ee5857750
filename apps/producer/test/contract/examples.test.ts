import { nameAccount, writeBalanceReading } from '@darkroom/shared/balance';
import { DATA_VERSION } from '@darkroom/shared/render';
import { cleanup, requires } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import { beforeAll, expect, test } from 'vitest';
import { putBatch, putBatchFile } from '../support/contract/batch-fixture.ts';
import { listExamples, sendExample } from '../support/contract/call-as.ts';
import {
  putCatalogueFile,
  putCatalogueRun,
  putDeliveredRun,
  putReport,
  putSchedule,
} from '../support/contract/catalogue-fixture.ts';
import { type Contract, createContract } from '../support/contract/check.ts';
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
} from '../support/contract/contract-fixture.ts';
import {
  type Described,
  examplesOf,
  type Media,
  type OperationAt,
  operationsOf,
  readDocument,
} from '../support/contract/document.ts';
import { dayClock } from '../support/day-clock.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { putWorker } from '../support/worker-record.ts';

/** The render and the upload that the examples name. */
const ID = 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
const UPLOAD = `${'9f86d081884c7d65'.repeat(4)}.jpg`;

requires('redis').describe('the examples of the API', () => {
  /** The same API with the render of the examples in different states. */
  let fixtures: Harness[];
  let document: Described;
  let contract: Contract;

  beforeAll(async () => {
    const provider = await startSimulator({ timeScale: 0.02 });
    cleanup(() => provider.close());
    const account = { TOAPIS_BASE_URL: provider.url, TOAPIS_API_KEY: provider.apiKey };
    const settings = {
      ...account,
      WEBHOOK_SECRETS: [{ value: `whsec_${'A'.repeat(32)}` }],
    };
    const clock = dayClock();
    const open = () => openHarness({ settings, wrap: (deps) => ({ ...deps, clock }) });
    const [ended, living, held] = await Promise.all([open(), open(), open()]);
    await putKey(ended);
    await putReport(ended);
    await putReconciliation(ended);
    // The example reconciles the present day.
    for (const at of [clock.now() - 86_400_000, clock.now()])
      await writeBalanceReading(ended.store, { at, micros: 10_000_000, account: nameAccount(account) });
    await putBudget(ended, 'all-days');
    await putWorker(ended, 'render-7d9f-4711-a3f2');
    await putReceipt(ended, { renderId: ID });
    await putRedrives(ended);
    await putCatalogueRun(ended);
    await putDeliveredRun(ended, [{ status: 'failed', code: 'generation_failed' }], { run: '2026-11-27' });
    await putCatalogueFile(ended);
    await putSchedule(ended);
    // Only a run that has not ended can be canceled.
    await putCatalogueRun(living, { run: '2026-11-27' });
    // Another one than the first, because a canceled redrive cannot be paused.
    await putRedrives(living);
    await putDeadLetter(ended, ID);
    // An open run has events without end.
    await putRun(ended, 'catalogue-2026-11-26');
    await putUpload(ended, UPLOAD);
    for (const fixture of [ended, living]) {
      await putBatchFile(fixture);
      await putBatch(fixture);
    }
    const to = { kind: 'url', url: 'https://shop.example.com/hooks' } as const;
    const message = {
      version: DATA_VERSION,
      renderId: ID,
      tenant: 'default',
      status: 'completed',
      to,
      endedAt: ASKED,
    } as const;
    await ended.queues.webhook.add('completed', message, { jobId: `msg_${ID}_completed_0` });
    await putJob(living, { renderId: ID });
    await putJob(held, { renderId: ID, at: { step: 'hold', reason: 'lost', until: ASKED } });
    fixtures = [ended, living, held];
    document = await readDocument(ended.url);
    contract = createContract(document);
  });

  test('the API accepts every example request and sends a documented response', async () => {
    const faults: string[] = [];
    for (const at of operationsOf(document)) {
      for (const example of await listExamples(document, at)) {
        const seen: string[] = [];
        for (const fixture of fixtures) {
          const answered = await sendExample(fixture.url, example);
          const fault = contract.findFault(at, answered);
          if (fault) faults.push(`${example.name}: ${fault}`);
          if (answered.status < 300) seen.length = 0;
          if (answered.status < 300) break;
          seen.push(`${answered.status} ${answered.body.toString('utf8').slice(0, 400)}`);
        }
        if (seen.length > 0) faults.push(`${example.name}: ${seen.join(' and ')}`);
      }
    }
    expect(faults).toEqual([]);
  }, 60_000);

  test('every example matches its schema', () => {
    const faults: string[] = [];
    let seen = 0;
    const items = [...Object.values(document.paths), ...Object.values(document.webhooks)];
    for (const operation of items.flatMap((item) => Object.values(item))) {
      const bodies = [operation.requestBody ?? {}, ...Object.values(operation.responses)];
      for (const [type, media] of bodies.flatMap(({ content }) => Object.entries(content ?? {}))) {
        for (const example of examplesOf(document, media)) {
          seen++;
          const fault = contract.findValueFault(media.schema ?? {}, example);
          if (fault) faults.push(`${operation.operationId} ${type}: ${fault}`);
        }
      }
    }
    expect(faults).toEqual([]);
    expect(seen).toBeGreaterThan(100);
  });

  test('the contract check rejects an additional field, a missing field and an undocumented status', () => {
    const at = operationsOf(document).find(
      ({ operation }) => operation.operationId === 'getRender',
    ) as OperationAt;
    const media = at.operation.responses['200']?.content?.['application/json'] as Media;
    const [render] = examplesOf(document, media) as Record<string, unknown>[];
    const findFault = (status: number, body: unknown) =>
      contract.findFault(at, {
        status,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: Buffer.from(JSON.stringify(body)),
      });
    expect(findFault(200, render)).toBeUndefined();
    expect(findFault(200, { ...render, surprise: 1 })).toContain('additional properties');
    expect(findFault(200, { ...render, cost: undefined })).toContain("required property 'cost'");
    expect(findFault(200, { ...render, cost: { ...(render?.['cost'] as object), tax: 1 } })).toContain(
      'additional',
    );
    expect(findFault(418, render)).toContain('not described');
    expect(findFault(404, render)).toContain('content type');
  });
});
