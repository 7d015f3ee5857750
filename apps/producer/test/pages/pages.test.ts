import { PROBLEMS } from '@darkroom/api';
import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { drawRenderId } from '@darkroom/shared/render';
import { plantSecret, requires } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { html } from '../../src/pages/html.ts';
import { createTimeline, formatDuration } from '../../src/pages/timeline.ts';
import { ASKED, putJob, putReceipt, REQUEST } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';

async function page(rig: Harness, path: string, headers: Record<string, string> = {}) {
  const response = await rig.get(path, { accept: 'text/html', ...headers });
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).not.toContain('script-src');
  const text = await response.text();
  expect(text).not.toMatch(/<script|<[^>]*\son\w+=|(src|href)="(https?:)?\/\//i);
  return { status: response.status, text };
}

requires('redis').describe('the page of a render', () => {
  test('tells of a completed one what was asked, what happened, how long it took and what it cost', async () => {
    const rig = await openHarness();
    const { renderId } = await putReceipt(rig, {
      request: { ...REQUEST, run: 'autumn-catalogue', metadata: { sku: '1042', rush: true } },
    });
    const { status, text } = await page(rig, `/renders/${renderId}`);
    expect(status).toBe(200);
    for (const told of [
      REQUEST.prompt,
      renderId,
      'completed',
      `src="/v1/renders/${renderId}/thumbnail"`,
      `href="/v1/renders/${renderId}/image"`,
      'width="256" height="160"',
      'autumn-catalogue',
      '<dt>sku<dd>1042',
      '<dt>rush<dd>true',
      'submitted: accepted as task_img_abc123',
      // Between being submitted and being there.
      'then 24.9 s',
      'task_img_abc123</code>',
      '$0.030',
      '2026-11-22 16:00:45 UTC',
      'after 26.8 s',
      `href="/v1/renders/${renderId}"`,
      `href="/queues/queue/render/${renderId}"`,
    ]) {
      expect(text).toContain(told);
    }
    expect(text).not.toContain('http-equiv="refresh"');
  });

  test('tells of a failed one why, with its causes and what was refunded', async () => {
    const rig = await openHarness();
    const { renderId } = await putReceipt(rig, {
      status: 'failed',
      attempts: 2,
      costMicros: 0,
      purchases: [
        {
          provider: 'toapis',
          attempt: 1,
          taskId: 'task_1',
          acceptedAt: ASKED,
          costMicros: 30_000,
          refunded: true,
        },
        {
          provider: 'toapis',
          attempt: 2,
          taskId: 'task_2',
          acceptedAt: ASKED,
          costMicros: 30_000,
          refunded: true,
        },
      ],
      failure: {
        code: 'generation_failed',
        message: '3 tasks failed',
        step: 'poll',
        at: ASKED + 9_000,
        chain: ['TaskFailed: no capacity', 'at somewhere (a.ts:1)'],
      },
    });
    const { text } = await page(rig, `/renders/${renderId}`);
    for (const told of [
      'generation_failed',
      '3 tasks failed',
      'TaskFailed: no capacity',
      'at poll',
      '$0.000',
    ]) {
      expect(text).toContain(told);
    }
    expect(text.match(/>refunded</g)).toHaveLength(2);
    expect(text).toContain('There is no image.');
  });

  test('tells of a living one how far it is, from its log, and looks again by itself', async () => {
    const rig = await openHarness();
    const poll = { taskId: 'task_1', acceptedAt: ASKED, deadlineAt: ASKED, polls: 1, progress: 40 };
    const { renderId } = await putJob(rig, { at: { step: 'poll', ...poll } }, [
      { at: ASKED + 500, text: 'submitted: accepted as task_1' },
    ]);
    const { text } = await page(rig, `/renders/${renderId}`);
    expect(text).toContain('class="badge rendering"');
    expect(text).toContain('http-equiv="refresh" content="3"');
    expect(text).toContain('submitted: accepted as task_1');
    expect(text).toMatch(/<progress max="100" value="10">/);
  });

  test('shows markup as text, wherever somebody put it', async () => {
    const rig = await openHarness();
    const evil = `"><img src=x onerror=alert(1)></title><script>alert('x')</script>`;
    const { renderId } = await putReceipt(rig, {
      status: 'failed',
      request: {
        ...REQUEST,
        prompt: evil,
        metadata: { [`a${evil.slice(0, 50)}`]: evil },
        images: [{ kind: 'url', url: `https://example.com/${evil}` }],
        webhook: { kind: 'stored-url', key: 'k', host: evil },
      },
      purchases: [
        { provider: 'toapis', attempt: 1, taskId: evil, acceptedAt: ASKED, costMicros: 1, refunded: false },
      ],
      failure: { code: 'internal_error', message: evil, step: 'poll', at: ASKED, chain: [evil] },
      notes: [{ at: ASKED, text: evil }],
    });
    const { text } = await page(rig, `/renders/${renderId}`);
    expect(text).not.toContain('<img src=x');
    expect(text).not.toContain('<script');
    expect(text.match(/&lt;script&gt;alert\(&#39;x&#39;\)/g)?.length).toBeGreaterThan(6);
  });

  test('holds no secret, wherever one got into', async () => {
    const secret = plantSecret();
    const rig = await openHarness({ wrap: (deps) => ({ ...deps, secrets: [...deps.secrets, secret] }) });
    const signed = `https://files.example.com/a.png?sig=${'topsecret'}`;
    const { renderId } = await putReceipt(rig, {
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
    const { text } = await page(rig, `/renders/${renderId}`);
    for (const hidden of [secret, 'topsecret', 'AAAAAAAA']) expect(text).not.toContain(hidden);
    expect(text).toContain('fetched https://files.example.com/a.png?[redacted]');
  });

  test('says in a friendly way that there is no such render', async () => {
    const rig = await openHarness();
    for (const id of [drawRenderId(), 'nonsense', '%3Cscript%3E']) {
      const { status, text } = await page(rig, `/renders/${id}`);
      expect(status).toBe(404);
      expect(text).toContain('No such render');
    }
  });

  test('with keys it shows its pictures without sending the key along, to its own tenant and to operators', async () => {
    const keys: string[] = [];
    const key = (tenant: string, roles: Role[]) => {
      const { text, sha256 } = createApiKey();
      keys.push(formatApiKey({ tenant, roles, sha256 }));
      return { authorization: `Basic ${Buffer.from(`me:${text}`).toString('base64')}` };
    };
    const [shop, house, press] = [
      key('shop', ['read']),
      key('*', ['read', 'operate']),
      key('press', ['read']),
    ];
    const rig = await openHarness({ settings: { API_KEYS: parseApiKeys(keys.join(',')) ?? [] } });
    const { renderId } = await putReceipt(rig, { tenant: 'shop' });
    for (const [caller, dashboard] of [
      [shop, false],
      [house, true],
    ] as const) {
      const { text } = await page(rig, `/renders/${renderId}`, caller);
      const source = /<img class="image" src="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      const picture = await rig.get(source);
      expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/webp']);
      expect(text.includes('/queues/queue/render/')).toBe(dashboard);
    }
    expect((await page(rig, `/renders/${renderId}`, press)).status).toBe(404);
    expect(rig.logs()).not.toContain('signature=');
  });
});

requires('redis').describe('pages for people', () => {
  test('every refusal leads to a page that says what to do', async () => {
    const rig = await openHarness();
    const problem = (await (await rig.post({})).json()) as { type: string };
    const { text } = await page(rig, new URL(problem.type).pathname);
    expect(text).toContain('The request has problems');
    const all = await page(rig, '/problems');
    for (const [code, [status, title]] of Object.entries(PROBLEMS)) {
      expect(all.text).toContain(`<a href="/problems/${code}">`);
      const one = await page(rig, `/problems/${code}`);
      expect([code, one.status]).toEqual([code, 200]);
      for (const told of [String(status), String(html`${title}`.text), 'What to do', 'request_id']) {
        expect(one.text).toContain(told);
      }
    }
    expect((await page(rig, '/problems/%3Cb%3E')).status).toBe(404);
  });

  test('the first page leads everywhere, and says whether a key is needed', async () => {
    const rig = await openHarness();
    const { text } = await page(rig, '/');
    expect(text).toContain('There are no API keys');
    for (const [, path = ''] of text.matchAll(/href="(\/[^"]*)"/g)) {
      const { status } = await fetch(rig.url + path);
      expect([path, status]).toEqual([path, 200]);
    }
    const { sha256 } = createApiKey();
    const keyed = await openHarness({
      settings: { API_KEYS: [{ tenant: 'shop', roles: ['read'], sha256 }] },
    });
    const closed = await page(keyed, '/');
    expect(closed.text).not.toContain('There are no API keys');
    expect(closed.text).toContain('authorization: Bearer &lt;key&gt;');
  });
});

describe('what happened to a render', () => {
  const standing = { createdAt: 1000, updatedAt: 9000, status: 'completed', purchases: [] } as never;
  const notes = [
    { at: 1200, text: 'picked up' },
    { at: 8000, text: 'stored' },
  ];

  test('has the time between its steps, up to its end', () => {
    expect(createTimeline(standing, notes, 99_999)).toEqual([
      { at: 1000, text: 'accepted', took: 200 },
      { at: 1200, text: 'picked up', took: 6800 },
      { at: 8000, text: 'stored', took: 1000 },
      { at: 9000, text: 'completed' },
    ]);
  });

  test('is not told twice to have died', () => {
    const dead = { ...(standing as object), status: 'failed' } as never;
    const told = createTimeline(dead, [{ at: 8999, text: 'dead: task_lost: gone' }], 99_999);
    expect(told.map(({ text }) => text)).toEqual(['accepted', 'dead: task_lost: gone']);
  });

  test('goes on until now while it lives', () => {
    const living = { ...(standing as object), status: 'rendering' } as never;
    expect(createTimeline(living, notes, 10_000).at(-1)).toEqual({ at: 8000, text: 'stored', took: 2000 });
  });

  test.each([
    [0, '0 ms'],
    [999.6, '1.0 s'],
    [12_345, '12.3 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [11_220_000, '3 h 07 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
