import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditListSchema, type CopyResponse, copySchema, renderDetailSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { copyIdFor, type Failure } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { putReceipt, REQUEST } from '../support/contract/contract-fixture.ts';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const CONFIRMED = { accept_duplicate_charge: true, reason: 'the handle is missing' };

requires('redis').describe('POST /v1/renders/{id}/buy-again', () => {
  const keys = {
    operator: { tenant: '*', roles: ['operate', 'read'] },
    ownOperator: { tenant: 'default', roles: ['operate', 'read'] },
    otherOperator: { tenant: 'other', roles: ['operate', 'read'] },
    service: { tenant: 'default', roles: ['enqueue', 'read'] },
  } as const;
  type Who = keyof typeof keys;
  let harness: Harness;
  let as: (who: Who) => Record<string, string>;

  const send = (path: string, body: unknown, who: Who = 'operator') =>
    fetch(`${harness.url}${path}`, {
      method: 'POST',
      headers: { ...as(who), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const buy = (id: string, body: unknown = CONFIRMED, who?: Who) =>
    send(`/v1/renders/${id}/buy-again`, body, who);
  const readCopy = async (response: Response): Promise<CopyResponse> =>
    copySchema.parse(await response.json());
  const listActions = async (id: string) =>
    auditListSchema.parse(await (await harness.get(`/v1/audit?target=render:${id}`, as('operator'))).json())
      .data;
  const isQueued = async (id: string) => (await harness.queues.render.getJob(copyIdFor(id))) !== undefined;

  beforeAll(async () => {
    const made = Object.fromEntries(Object.keys(keys).map((who) => [who, createApiKey()]));
    as = (who) => ({ authorization: `Bearer ${made[who]?.text}` });
    harness = await openHarness({
      settings: {
        API_KEYS: Object.entries(keys).map(([who, { tenant, roles }]) => ({
          tenant,
          roles: [...roles],
          sha256: made[who]?.sha256 ?? '',
        })),
      },
    });
  });

  test('a dry run answers with the price and the id of the copy, and changes nothing', async () => {
    const { renderId } = await putReceipt(harness);
    const objects = await harness.objectCount();
    const response = await buy(renderId, { dry_run: true });
    expect(response.status).toBe(200);
    expect(await readCopy(response)).toMatchObject({
      id: copyIdFor(renderId),
      copy_of: renderId,
      status: null,
      duplicate: false,
      price: '0.030',
    });
    expect(await isQueued(renderId)).toBe(false);
    expect(await harness.objectCount()).toBe(objects);
    expect(await listActions(renderId)).toEqual([]);
  });

  test('many calls at the same time and one later queue one copy, and the audit log has one entry', async () => {
    const request = { ...REQUEST, run: 'night', metadata: { sku: '1042' } };
    const before = await putReceipt(harness, { request, inRun: true });
    const { renderId } = before;
    const answers = await Promise.all(Array.from({ length: 8 }, () => buy(renderId)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const copies = await Promise.all(answers.map(readCopy));
    copies.push(await readCopy(await buy(renderId)));
    expect(new Set(copies.map(({ id }) => id))).toEqual(new Set([copyIdFor(renderId)]));
    expect(copies.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    // The request is the same one, and the first render is as it was.
    const job = await harness.queues.render.getJob(copyIdFor(renderId));
    expect(job?.data).toMatchObject({ request, tenant: 'default', copyOf: renderId, purchases: [] });
    // The run that counts the first render may have ended.
    expect(job?.data.inRun).toBeUndefined();
    expect(await harness.ledger.readReceipt(renderId)).toEqual(before);
    const copy = renderDetailSchema.parse(
      await (await harness.get(`/v1/renders/${copyIdFor(renderId)}`, as('operator'))).json(),
    );
    expect(copy).toMatchObject({
      status: 'queued',
      copy_of: renderId,
      run: 'night',
      metadata: { sku: '1042' },
    });
    expect(await listActions(renderId)).toMatchObject([
      {
        action: 'render.buy_again',
        reason: CONFIRMED.reason,
        tenant: 'default',
        before: { status: 'completed' },
        after: { copy: copyIdFor(renderId), price: '0.030' },
      },
    ]);
    expect(await readCopy(await buy(renderId, { dry_run: true }))).toMatchObject({
      duplicate: true,
      status: 'queued',
    });
  });

  test('a copy whose job has left the queue is found by its receipt, and a copy has a copy of its own', async () => {
    const { renderId } = await putReceipt(harness);
    const copy = copyIdFor(renderId);
    await putReceipt(harness, { renderId: copy, copyOf: renderId });
    expect(await readCopy(await buy(renderId))).toMatchObject({
      id: copy,
      duplicate: true,
      status: 'completed',
    });
    expect(await isQueued(renderId)).toBe(false);
    expect(await readCopy(await buy(copy))).toMatchObject({
      id: copyIdFor(copy),
      copy_of: copy,
      duplicate: false,
    });
  });

  test.for<[string, object, string]>([
    ['without the acknowledgement', { reason: 'bad' }, 'accept_duplicate_charge'],
    [
      'with a refused acknowledgement',
      { ...CONFIRMED, accept_duplicate_charge: false },
      'accept_duplicate_charge',
    ],
    ['without a reason', { accept_duplicate_charge: true }, 'reason'],
    ['that is also a dry run', { ...CONFIRMED, dry_run: true }, 'accept_duplicate_charge'],
  ])('a call %s buys nothing', async ([, body, field]) => {
    const { renderId } = await putReceipt(harness);
    const problem = await readProblem(await buy(renderId, body));
    expect(problem.code).toBe('invalid_request');
    expect(problem.problems[0]?.field).toBe(field);
    expect(await isQueued(renderId)).toBe(false);
  });

  test('nothing is bought at a price above max_spend, and a price up to it is accepted', async () => {
    const { renderId } = await putReceipt(harness);
    const refused = await readProblem(await buy(renderId, { ...CONFIRMED, max_spend: '0.029999' }));
    expect(refused).toMatchObject({ code: 'max_spend_exceeded', render_id: renderId });
    expect(await isQueued(renderId)).toBe(false);
    expect((await buy(renderId, { ...CONFIRMED, max_spend: '0.03' })).status).toBe(202);
  });

  test('a failed or running render is not bought again, and a canceled one is', async () => {
    const failure: Failure = { code: 'task_lost', message: 'gone', step: 'poll', at: 1, chain: [] };
    const failed = await putReceipt(harness, { status: 'failed', failure });
    const running = createCheckpoint();
    await enqueue(harness, running);
    for (const { renderId } of [failed, running])
      expect((await readProblem(await buy(renderId))).code).toBe('buy_again_refused');
    expect(await isQueued(failed.renderId)).toBe(false);
    const canceled = { requestedAt: 1, from: 'submit' } as const;
    const { renderId } = await putReceipt(harness, { status: 'canceled', canceled });
    expect((await buy(renderId)).status).toBe(202);
  });

  test('a render whose reference image is gone is not bought again, and an old image is written again', async () => {
    const put = async (key: string) => {
      const image = { kind: 'stored', key, contentType: 'image/png', bytes: 3 } as const;
      return await putReceipt(harness, { request: { ...REQUEST, images: [image] } });
    };
    const gone = await put('inputs/gone');
    const problem = await readProblem(await buy(gone.renderId));
    expect(problem).toMatchObject({
      code: 'buy_again_refused',
      detail: expect.stringContaining('inputs/gone'),
    });
    expect(await isQueued(gone.renderId)).toBe(false);

    await harness.store.put('inputs/old', 'abc', { contentType: 'image/png' });
    const twoDaysAgo = Date.now() / 1000 - 172_800;
    const file = join(fileURLToPath(harness.store.url), 'objects/inputs/old');
    await utimes(file, twoDaysAgo, twoDaysAgo);
    const before = await harness.store.head('inputs/old');
    const { renderId } = await put('inputs/old');
    expect((await buy(renderId)).status).toBe(202);
    const after = await harness.store.head('inputs/old');
    expect(after?.modifiedAt).toBeGreaterThan(before?.modifiedAt ?? 0);
    expect(after?.size).toBe(3);
  });

  test('only an operator of the tenant buys again, by the API and on the page', async () => {
    const { renderId } = await putReceipt(harness);
    const form = new URLSearchParams({ accept_duplicate_charge: 'true', reason: 'bad' });
    const submit = (who: Who) =>
      fetch(`${harness.url}/renders/${renderId}/buy-again`, {
        method: 'POST',
        headers: as(who),
        body: form,
        redirect: 'manual',
      });
    expect((await buy(renderId, CONFIRMED, 'service')).status).toBe(403);
    expect((await submit('service')).status).toBe(403);
    expect((await buy(renderId, CONFIRMED, 'otherOperator')).status).toBe(404);
    expect((await submit('otherOperator')).status).toBe(404);
    expect(await isQueued(renderId)).toBe(false);
    const page = await (await harness.get(`/renders/${renderId}`, as('service'))).text();
    expect(page).not.toContain('buy-again');
    expect((await buy(renderId, CONFIRMED, 'ownOperator')).status).toBe(202);
  });

  test('the page shows the price and needs the acknowledgement, and a double click leads to one copy', async () => {
    const { renderId } = await putReceipt(harness);
    const copy = copyIdFor(renderId);
    const readPage = async (id: string) => await (await harness.get(`/renders/${id}`, as('operator'))).text();
    const page = await readPage(renderId);
    expect(page).toContain(`action="/renders/${renderId}/buy-again"`);
    expect(page).toContain('name="max_spend" value="0.030"');
    const submit = (fields: Record<string, string>) =>
      fetch(`${harness.url}/renders/${renderId}/buy-again`, {
        method: 'POST',
        headers: as('operator'),
        body: new URLSearchParams(fields),
        redirect: 'manual',
      });
    expect((await submit({ reason: 'bad', max_spend: '0.030' })).status).toBe(422);
    expect(await isQueued(renderId)).toBe(false);
    const fields = { reason: 'bad', max_spend: '0.030', accept_duplicate_charge: 'true' };
    const sent = await Promise.all([submit(fields), submit(fields)]);
    expect(sent.map(({ status, headers }) => [status, headers.get('location')])).toEqual([
      [303, `/renders/${copy}`],
      [303, `/renders/${copy}`],
    ]);
    expect(await listActions(renderId)).toHaveLength(1);
    expect(await readPage(copy)).toContain(`A copy of <a href="/renders/${renderId}">`);
    const after = await readPage(renderId);
    expect(after).toContain(`as <a href="/renders/${copy}">`);
    expect(after).not.toContain(`action="/renders/${renderId}/buy-again"`);
  });
});
