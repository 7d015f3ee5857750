import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { DATA_VERSION, drawRenderId, sumCost } from '@darkroom/shared/render';
import { plantSecret, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { putCompleted } from '../support/completed-renders.ts';
import { ASKED, putJob, putReceipt, REQUEST } from '../support/contract/contract-fixture.ts';
import { putFailedRenders } from '../support/failed-renders.ts';
import { openHarness } from '../support/harness.ts';
import { openPage } from '../support/open-page.ts';

requires('redis').describe('the page of a render', () => {
  test('the page of a completed render shows its request, timeline, duration and cost', async () => {
    const harness = await openHarness();
    const { renderId } = await putReceipt(harness, {
      request: { ...REQUEST, run: 'autumn-catalogue', metadata: { sku: '1042', rush: true } },
    });
    const { status, text, reload } = await openPage(harness, `/renders/${renderId}`);
    expect(status).toBe(200);
    for (const content of [
      REQUEST.prompt,
      renderId,
      'completed',
      `src="/v1/renders/${renderId}/image"`,
      `href="/v1/renders/${renderId}/image"`,
      'width="512" height="320"',
      'autumn-catalogue',
      '<dt>sku<dd><a href="/renders?text=1042">1042</a>',
      '<dt>rush<dd><a href="/renders?text=true">true</a>',
      'submitted: accepted as task_img_abc123',
      // From the submission to the stored image.
      'then 24.9 s',
      'task_img_abc123</code>',
      '$0.030',
      '2026-11-22 16:00:45 UTC',
      'after 26.8 s',
      `href="/v1/renders/${renderId}"`,
      `href="/queues/queue/render/${renderId}"`,
    ]) {
      expect(text).toContain(content);
    }
    expect(reload).toBeNull();
  });

  test('the page of a failed render shows why it failed, its causes and its refunds', async () => {
    const harness = await openHarness();
    const { renderId } = await putReceipt(harness, {
      status: 'failed',
      attempts: 2,
      cost: sumCost([]),
      purchases: [
        {
          provider: 'toapis',
          attempt: 1,
          taskId: 'task_1',
          acceptedAt: ASKED,
          costMicros: 30_000,
          outcome: 'refunded',
        },
        {
          provider: 'toapis',
          attempt: 2,
          taskId: 'task_2',
          acceptedAt: ASKED,
          costMicros: 30_000,
          outcome: 'refunded',
        },
      ],
      failure: {
        code: 'generation_failed',
        message: '3 tasks failed',
        step: 'poll',
        at: ASKED + 9_000,
        chain: ['TaskFailed: no capacity', 'at submit (a.ts:1)'],
      },
    });
    const { text } = await openPage(harness, `/renders/${renderId}`);
    for (const content of [
      'generation_failed',
      '3 tasks failed',
      'TaskFailed: no capacity',
      'at poll',
      '$0.000',
    ]) {
      expect(text).toContain(content);
    }
    expect(text.match(/>refunded</g)).toHaveLength(2);
    expect(text).toContain('There is no image.');
  });

  test('the page of a render whose purchase is unknown says that it was possibly bought', async () => {
    const harness = await openHarness();
    const { renderId } = await putReceipt(harness, {
      status: 'failed',
      purchases: [{ provider: 'toapis', attempt: 1, outcome: 'unknown', costMicros: 30_000 }],
      failure: {
        code: 'submission_unknown',
        message: 'it may have been bought: the answer was lost',
        step: 'hold',
        at: ASKED + 9_000,
        chain: [],
      },
    });
    const { text } = await openPage(harness, `/renders/${renderId}`);
    expect(text).toContain('possibly bought');
    expect(text).not.toContain('Nothing was bought');
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(/Possibly spent<th class="number">\$0\.030/);
  });

  test('the page of a running render shows its progress and log, and reloads automatically', async () => {
    const harness = await openHarness();
    const poll = { taskId: 'task_1', acceptedAt: ASKED, deadlineAt: ASKED, polls: 1, progress: 40 };
    const { renderId } = await putJob(harness, { at: { step: 'poll', ...poll } }, [
      { at: ASKED + 500, text: 'submitted: accepted as task_1' },
    ]);
    const { text, reload } = await openPage(harness, `/renders/${renderId}`);
    expect(text).toContain('class="badge rendering"');
    expect(reload).toEqual([3, undefined]);
    expect(text).toContain('this page reloads automatically');
    expect(text).toContain('submitted: accepted as task_1');
    expect(text).toMatch(/<progress max="100" value="10">/);
  });

  test('the page of a queued render shows its place in the queue and when it is probably ready', async () => {
    const harness = await openHarness({
      settings: { TOAPIS_SUBMIT_PER_SECOND: 1 },
    });
    await putJob(harness);
    const { renderId } = await putJob(harness);
    const { text } = await openPage(harness, `/renders/${renderId}`);
    expect(text).toContain('; 1 render ahead; no ETA: too few renders have completed');
    const known = await openHarness({ settings: { TOAPIS_SUBMIT_PER_SECOND: 1 } });
    await putCompleted(known, { tookMs: 118_000 });
    const other = await putJob(known);
    expect((await openPage(known, `/renders/${other.renderId}`)).text).toMatch(
      /; 0 renders ahead; ready in about (2 min 0\d|1 min 5\d) s, nine of ten within \d/,
    );
  });

  test('the page of a render shows only the host of its webhook', async () => {
    const harness = await openHarness();
    const webhook = { kind: 'url', url: 'https://hooks.example.com/key-in-the-path' } as const;
    const { renderId } = await putReceipt(harness, { request: { ...REQUEST, webhook } });
    const { text } = await openPage(harness, `/renders/${renderId}`);
    expect(text).toContain('<dt>Webhook<dd>hooks.example.com');
    expect(text).not.toContain('key-in-the-path');
  });

  test('the page of a render shows markup as text, in every field', async () => {
    const harness = await openHarness();
    const evil = `"><img src=x onerror=alert(1)></title><script>alert('x')</script>`;
    const { renderId } = await putReceipt(harness, {
      status: 'failed',
      request: {
        ...REQUEST,
        prompt: evil,
        metadata: { [`a${evil.slice(0, 50)}`]: evil },
        images: [{ kind: 'url', url: `https://example.com/${evil}` }],
        webhook: { kind: 'stored-url', key: 'k', host: evil },
      },
      purchases: [
        {
          provider: 'toapis',
          attempt: 1,
          taskId: evil,
          acceptedAt: ASKED,
          costMicros: 1,
          outcome: 'accepted',
        },
      ],
      failure: { code: 'internal_error', message: evil, step: 'poll', at: ASKED, chain: [evil] },
      notes: [{ at: ASKED, text: evil }],
    });
    const { text } = await openPage(harness, `/renders/${renderId}`);
    expect(text).not.toContain('<img src=x');
    expect(text).not.toContain('<script');
    expect(text.match(/&lt;script&gt;alert\(&#39;x&#39;\)/g)?.length).toBeGreaterThan(6);
  });

  test('the page of a render contains no secret, in any field', async () => {
    const secret = plantSecret();
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, secrets: [...deps.secrets, secret] }) });
    const signed = `https://files.example.com/a.png?sig=${'topsecret'}`;
    const { renderId } = await putReceipt(harness, {
      status: 'failed',
      request: { ...REQUEST, prompt: `a mug ${secret}`, metadata: { from: signed } },
      failure: {
        code: 'internal_error',
        message: `no answer from ${signed}`,
        step: 'store',
        at: ASKED,
        chain: [`Bearer ${secret}`, 'data:image/png;base64,AAAAAAAAAAAA'],
      },
      notes: [{ at: ASKED, text: `fetched ${signed}` }],
    });
    const { text } = await openPage(harness, `/renders/${renderId}`);
    for (const hidden of [secret, 'topsecret', 'AAAAAAAA']) expect(text).not.toContain(hidden);
    expect(text).toContain('fetched https://files.example.com/a.png?[redacted]');
  });

  test('the page of a render has the buttons that can succeed, and each says what it costs', async () => {
    const harness = await openHarness();
    const webhook = { kind: 'url', url: 'https://hooks.example.com/a' } as const;
    const [failed = ''] = await putFailedRenders(harness, [
      { code: 'upstream_unreachable', run: 'night-run' },
    ]);
    const running = await putJob(harness);
    const { renderId: completed } = await putReceipt(harness, { request: { ...REQUEST, webhook } });
    const message = { version: DATA_VERSION, renderId: completed, tenant: 'default', status: 'completed' };
    await harness.queues.webhook.add('completed', { ...message, to: webhook, endedAt: ASKED } as never, {
      jobId: `msg_${completed}_completed_0`,
    });
    const buttons = async (id: string) => {
      const { text } = await openPage(harness, `/renders/${id}`);
      const found = [...text.matchAll(/<button[^>]*>([^<]*)<|<a class="button"[^>]*>([^<]*)</g)];
      return found.map(([, button, link]) => button ?? link);
    };
    expect(await buttons(completed)).toEqual([
      'Download',
      'Copy the id',
      'Buy it again',
      'Send the webhooks again',
      'Buy it again',
    ]);
    expect(await buttons(failed)).toEqual(['Copy the id', 'Plan a redrive']);
    const { text } = await openPage(harness, `/renders/${failed}`);
    expect(text).toContain('a redrive buys again (submit): $0.025');
    expect(text).toContain('href="/renders?run=night-run"');
    expect(text).toContain('All <code>SUBMIT_ATTEMPTS</code> attempts');

    const post = (path: string, body = '') =>
      fetch(harness.url + path, { method: 'POST', body, redirect: 'manual' });
    expect((await post(`/renders/${completed}/redeliver`)).status).toBe(303);
    expect((await post(`/renders/${completed}/cancel`)).status).toBe(409);
    expect(await buttons(running.renderId)).toEqual(['Copy the id', 'Cancel']);
    const cancel = await post('/renders/cancel', `id=${running.renderId}&id=${completed}&id=nonsense`);
    expect(cancel.headers.get('location')).toBe('/renders?canceled=1');
    expect(await harness.queues.cancel.getJob(running.renderId)).toBeDefined();
  });

  test('a paused render is let through on its page, with a reason', async () => {
    const harness = await openHarness();
    const { renderId } = await putJob(harness);
    const open = () => openPage(harness, `/renders/${renderId}`);
    const page = async () => (await open()).text;
    expect(await page()).not.toContain('Let it through');
    const pause = { reason: 'wrong template', name: 'all-renders' };
    await fetch(`${harness.url}/v1/pauses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(pause),
    });
    await until(async () => (await page()).includes('Let it through'));
    expect(await page()).toContain('it is submitted although it is paused: $0.030');
    const send = (body: string) =>
      fetch(`${harness.url}/renders/${renderId}/let-through`, { method: 'POST', body, redirect: 'manual' });
    expect((await send('')).status).toBe(422);
    const answer = await send('reason=for+the+photographer');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/renders/${renderId}`]);
    expect((await open()).reload).toEqual([3, undefined]);
    const pass = await harness.store.get(`control/passes/${renderId}.json`);
    expect(JSON.parse(Buffer.from(pass ?? []).toString())).toMatchObject({ reason: 'for the photographer' });
  });

  test('the page of an unknown render says that there is no such render', async () => {
    const harness = await openHarness();
    for (const id of [drawRenderId(), 'nonsense', '%3Cscript%3E']) {
      const { status, text } = await openPage(harness, `/renders/${id}`);
      expect(status).toBe(404);
      expect(text.match(/no(?: such)? render/gi)).toEqual(['No such render', 'No such render']);
    }
  });

  test('the page of a render loads its images without a key, for its own tenant and for operators', async () => {
    const keys: string[] = [];
    const key = (tenant: string, roles: Role[]) => {
      const { text, sha256 } = createApiKey();
      keys.push(formatApiKey({ tenant, roles, sha256 }));
      return { authorization: `Basic ${Buffer.from(`me:${text}`).toString('base64')}` };
    };
    const [shop, operator, press] = [
      key('shop', ['read']),
      key('*', ['read', 'operate']),
      key('press', ['read']),
    ];
    const harness = await openHarness({ settings: { API_KEYS: parseApiKeys(keys.join(',')) ?? [] } });
    const { renderId } = await putReceipt(harness, { tenant: 'shop' });
    for (const [caller, dashboard] of [
      [shop, false],
      [operator, true],
    ] as const) {
      const { text } = await openPage(harness, `/renders/${renderId}`, caller);
      const source = /<img class="image" src="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      const image = await harness.get(source);
      expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      // Neither the link to its job nor the link in the head of the page.
      expect(text.includes('href="/queues')).toBe(dashboard);
      const start = (await openPage(harness, '/start', caller)).text;
      expect([start.includes('href="/queues'), start.includes('href="/metrics"')]).toEqual([
        dashboard,
        dashboard,
      ]);
      expect(start).toContain('href="/reference"');
    }
    expect((await openPage(harness, `/renders/${renderId}`, press)).status).toBe(404);
    expect(harness.logs()).not.toContain('signature=');
  });
});
