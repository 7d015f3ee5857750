import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PlanInput } from '../src/index.ts';
import { assertPlanned, CSV, lines, NOW, openWorkspace, readText, YAML } from './support/workspace.ts';

const summarize = (result: Awaited<ReturnType<Awaited<ReturnType<typeof openWorkspace>>['plan']>>) => {
  const { buy, unchanged, removed } = assertPlanned(result).plan.file;
  return { ...buy, unchanged, removed };
};
const NONE = { new: 0, no_image: 0, changed: 0, rejected: 0, unchanged: 0, removed: 0 };
const NOTHING = { ...NONE, unchanged: 3 };

/** A workspace whose catalogue has run once. */
async function openSecondNight(yaml = YAML, source = CSV) {
  const workspace = await openWorkspace(source);
  const { decisions } = assertPlanned(await workspace.plan(yaml));
  return { ...workspace, decisions, last: await workspace.deliver(decisions) };
}

describe('a plan compares each item with the last good manifest', () => {
  test('on the first night, every item is new, and the plan has its price', async () => {
    const workspace = await openWorkspace();
    const planned = assertPlanned(await workspace.plan());
    expect(summarize(planned)).toEqual({ ...NONE, new: 3 });
    expect(planned.plan.file).toMatchObject({ price: '0.075', possible_price: '0.225', guards: [], rows: 3 });
    expect(planned.plan.samples).toHaveLength(3);
  });

  test('on the second night, only what is new or changed is bought, and what is gone is listed', async () => {
    const { writeSource, plan, last } = await openSecondNight();
    await writeSource('sku,name,color\nA-1,Shoe,red\nA-2,Boot,black\nA-9,Clog,white\n');
    const planned = assertPlanned(await plan(YAML, { last }));
    expect(summarize(planned)).toEqual({ ...NONE, new: 1, changed: 1, unchanged: 1, removed: 1 });
    expect(planned.decisions).toMatchObject([
      { kind: 'keep', item: { key: 'A-1' }, previous: { name: 'A-1.jpg' } },
      { kind: 'buy', item: { key: 'A-2' }, reason: 'changed', changes: ['prompt'] },
      { kind: 'buy', item: { key: 'A-9' }, reason: 'new' },
      { kind: 'remove', previous: { key: 'A-3' } },
    ]);
  });

  test.each([
    ['a BOM', `\ufeff${CSV}`],
    ['CRLF', CSV.replaceAll('\n', '\r\n')],
    ['another order of the columns', 'color,sku,name\nred,A-1,Shoe\nblue,A-2,Boot\ngreen,A-3,Sandal\n'],
    ['an unused column', 'sku,name,color,stock\nA-1,Shoe,red,1\nA-2,Boot,blue,2\nA-3,Sandal,green,0\n'],
    ['another order of the rows', 'sku,name,color\nA-3,Sandal,green\nA-1,Shoe,red\nA-2,Boot,blue\n'],
    [
      'quotes, semicolons and UTF-16',
      Buffer.from(`\ufeff${CSV.replaceAll(',', ';').replace('Shoe', '"Shoe"')}`, 'utf16le'),
    ],
  ])('%s changes nothing', async (_, source) => {
    const { writeSource, plan, last } = await openSecondNight();
    await writeSource(source);
    expect(summarize(await plan(YAML, { last }))).toEqual(NOTHING);
  });

  test('line breaks inside a value are the same with CRLF', async () => {
    const source = 'sku,name,color\nA-1,"Shoe\nwith laces",red\n';
    const { writeSource, plan, last } = await openSecondNight(YAML, source);
    await writeSource(source.replaceAll('\n', '\r\n'));
    expect(summarize(await plan(YAML, { last }))).toMatchObject({ unchanged: 1, changed: 0 });
  });

  test.each([
    ['prompt', YAML.replace('A photo', 'A drawing')],
    ['model', `${YAML}model: nano-banana-pro\n`],
    ['size', `${YAML}size: 1:1\n`],
    ['resolution', `${YAML}resolution: 2K\n`],
    ['format', `${YAML}format: png\n`],
  ])('another %s changes every item, and the plan names it', async (name, yaml) => {
    const { plan, last } = await openSecondNight();
    const { decisions } = assertPlanned(await plan(yaml, { last }));
    expect(decisions.map((one) => one.kind === 'buy' && one.changes)).toEqual([[name], [name], [name]]);
  });

  test('a setting that determines no image changes nothing', async () => {
    const { plan, last } = await openSecondNight();
    const yaml = `${YAML}image_name: '{name}.jpg'\ndeadline: 06:00\nbudget: 5\noverlap: queue_one\n# comment\n`;
    expect(summarize(await plan(yaml, { last }))).toEqual(NOTHING);
  });

  test('another reference image at the same path changes its items alone', async () => {
    const yaml = `${YAML}references: [photo]\n`;
    const source = 'sku,name,color,photo\nA-1,Shoe,red,a.png\nA-2,Boot,blue,b.png\nA-3,Sandal,green,\n';
    const workspace = await openWorkspace(source);
    await writeFile(join(workspace.folder, 'a.png'), 'first');
    await writeFile(join(workspace.folder, 'b.png'), 'second');
    const last = await workspace.deliver(assertPlanned(await workspace.plan(yaml)).decisions);
    expect(summarize(await workspace.plan(yaml, { last }))).toEqual(NOTHING);
    await writeFile(join(workspace.folder, 'b.png'), 'third');
    const { decisions } = assertPlanned(await workspace.plan(yaml, { last }));
    expect(decisions.map(({ kind }) => kind)).toEqual(['keep', 'buy', 'keep']);
    expect(decisions[1]).toMatchObject({ changes: ['references'] });
  });

  test('a reference image that cannot be read, and a path outside of the folder, are problems of their rows', async () => {
    const source =
      'sku,name,color,photo\nA-1,Shoe,red,none.png\nA-2,Boot,blue,../b.png\nA-3,x,y,/etc/hostname\n';
    const workspace = await openWorkspace(source);
    const yaml = `${YAML}references: [photo]\n`;
    const found = lines(await workspace.check(yaml));
    expect(found).toEqual([
      expect.stringMatching(/^source:3 references: expected .* below the catalogue file/),
      expect.stringMatching(/^source:4 references: /),
    ]);
    await workspace.writeSource('sku,name,color,photo\nA-1,Shoe,red,none.png\n');
    const planned = await workspace.plan(yaml);
    expect(planned.kind === 'problems' && lines(planned)).toEqual([
      expect.stringMatching(/^source:2 references: .*none.png does not exist$/),
    ]);
  });

  test('an item without an image is bought again, whatever the reason', async () => {
    const workspace = await openWorkspace();
    const { decisions } = assertPlanned(await workspace.plan());
    for (const status of ['failed', 'not_bought', 'quarantined'] as const) {
      const last = await workspace.deliver(decisions, { status, origin: null, image: null });
      expect(summarize(await workspace.plan(YAML, { last }))).toMatchObject({ no_image: 3, unchanged: 0 });
    }
  });

  test('an item whose image may be paid for is left out with its error, until its row changes', async () => {
    const workspace = await openWorkspace();
    const { decisions } = assertPlanned(await workspace.plan());
    const error = { code: 'submission_unknown', message: 'The outcome is unknown.' };
    const facts = { status: 'failed' as const, origin: null, image: null, render_id: 'rnd_1', error };
    const last = await workspace.deliver(decisions, facts);
    const planned = assertPlanned(await workspace.plan(YAML, { last }));
    expect(summarize(planned)).toEqual(NONE);
    expect(planned.plan.file).toMatchObject({ items: 3, left: 3, price: '0.000' });
    expect(planned.plan.left.items).toBe(3);
    expect(planned.plan.left.listed[0]).toEqual({
      key: 'A-1',
      view: null,
      code: 'submission_unknown',
      render_id: 'rnd_1',
    });
    await workspace.writeSource(CSV.replace('red', 'black'));
    const changed = assertPlanned(await workspace.plan(YAML, { last }));
    expect(changed.decisions.map(({ kind }) => kind)).toEqual(['buy', 'leave', 'leave']);
    const refused = { ...facts, error: { ...error, code: 'generation_failed' } };
    const other = await workspace.deliver(decisions, refused);
    expect(summarize(await workspace.plan(YAML, { last: other }))).toMatchObject({ no_image: 2, changed: 1 });
  });

  test('a manifest that was cut or names an item twice stops the plan', async () => {
    const { plan, last, folder } = await openSecondNight();
    if (last.kind !== 'found') throw new Error('expected a manifest');
    const text = await readText(last.path);
    const path = join(folder, 'other.jsonl');
    await writeFile(path, text.slice(0, -20));
    const cut = await plan(YAML, { last: { kind: 'found', path } });
    expect(cut.kind === 'problems' && lines(cut)).toEqual([
      'manifest:3 -: the line of the manifest cannot be read',
    ]);
    await writeFile(path, `${text}${text.split('\n')[0]}\n`);
    const twice = await plan(YAML, { last: { kind: 'found', path } });
    expect(twice.kind === 'problems' && lines(twice)).toEqual([
      'manifest:4 -: the manifest has the item A-1 twice',
    ]);
  });
});

describe('plan.json', () => {
  test('its digests change with the file, the source, the manifest and the decisions, and with nothing else', async () => {
    const { writeSource, plan, last } = await openSecondNight();
    const read = async (yaml = YAML, options: Parameters<typeof plan>[1] = { last }) =>
      assertPlanned(await plan(yaml, options)).plan.file;
    const base = await read();
    expect(await read()).toEqual(base);
    const commented = await read(`${YAML}# comment\n`);
    expect(commented.catalogue_sha256).not.toBe(base.catalogue_sha256);
    expect(commented.decisions_sha256).toBe(base.decisions_sha256);
    const first = await read(YAML, {});
    expect([first.manifest_sha256, base.manifest_sha256]).toEqual([
      null,
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    await writeSource(`${CSV}A-4,Clog,white\n`);
    const more = await read();
    expect(more.source_sha256).not.toBe(base.source_sha256);
    expect(more.decisions_sha256).not.toBe(base.decisions_sha256);
  });
});

describe('a forecast', () => {
  const forecast = async (yaml: string, change: Partial<PlanInput['forecast']>) => {
    const workspace = await openWorkspace();
    const base = { now: NOW, submitsPerSecond: 0.01, backlog: 7, renderMs: 60_000, unknown: undefined };
    return assertPlanned(await workspace.plan(yaml, { forecast: { ...base, ...change } })).plan.forecast;
  };
  const zone = (time_zone: string) =>
    `${YAML}deadline: 02:00\nschedule: { cron: 0 1 * * *, time_zone: ${time_zone} }\n`;

  test('counts the backlog, the quota and one render, and says how late the run ends', async () => {
    // 10 submissions at one per 100 s, and one minute: 01:17:40 UTC.
    const finishAt = NOW + 1_000_000 + 60_000;
    expect(await forecast(zone('UTC'), {})).toMatchObject({
      finishAt,
      lateMs: null,
      deadlineAt: NOW + 3_600_000,
    });
    const late = await forecast(zone('UTC'), { backlog: 367 });
    expect(late.lateMs).toBe(37_000_000 + 60_000 - 3_600_000);
  });

  test('takes the deadline in the time zone of the schedule', async () => {
    // 01:00 UTC is 02:00 in Berlin, so its next 02:00 is a day later.
    expect((await forecast(zone('Europe/Berlin'), {})).deadlineAt).toBe(NOW + 24 * 3_600_000);
    expect((await forecast(zone('Asia/Kolkata'), {})).deadlineAt).toBe(NOW + 19.5 * 3_600_000);
  });

  test('is null only with a reason', async () => {
    const reason = 'The API does not answer.';
    expect(await forecast(YAML, { backlog: undefined, unknown: reason })).toMatchObject({
      finishAt: null,
      reason,
    });
  });
});

describe('guards', () => {
  const names = async (result: ReturnType<Awaited<ReturnType<typeof openWorkspace>>['plan']>) =>
    assertPlanned(await result).plan.guards.map(({ name, accepted }) =>
      accepted ? `${name} accepted` : name,
    );
  const rows = (count: number, color = 'red') =>
    `sku,name,color\n${Array.from({ length: count }, (_, index) => `A-${index},Shoe,${color}\n`).join('')}`;

  test('a source that is older than its limit stops a run, and the limit is in the file', async () => {
    const { plan, folder } = await openWorkspace();
    const setAge = (hours: number) => {
      const at = new Date(NOW - hours * 3_600_000);
      return utimes(join(folder, 'products.csv'), at, at);
    };
    await setAge(35);
    expect(await names(plan())).toEqual([]);
    await setAge(37);
    expect(await names(plan())).toEqual(['stale_source']);
    expect(await names(plan(`${YAML}guards: { max_source_age: 2d }\n`))).toEqual([]);
    expect(await names(plan(YAML, { accepted: ['stale_source'] }))).toEqual(['stale_source accepted']);
  });

  test('a source that lost more than 20 % of its rows stops a run', async () => {
    const { plan, writeSource, last } = await openSecondNight(YAML, rows(100));
    await writeSource(rows(80));
    expect(await names(plan(YAML, { last }))).toEqual([]);
    await writeSource(rows(79));
    expect(await names(plan(YAML, { last }))).toEqual(['short_source']);
    expect(await names(plan(`${YAML}guards: { max_shrink_percent: 30 }\n`, { last }))).toEqual([]);
  });

  test('more than 10 % new or changed items stop a run', async () => {
    const { plan, writeSource, last } = await openSecondNight(YAML, rows(100));
    await writeSource(rows(110));
    expect(await names(plan(YAML, { last }))).toEqual([]);
    await writeSource(rows(111));
    expect(await names(plan(YAML, { last }))).toEqual(['many_changes']);
    await writeSource(rows(100, 'blue'));
    expect(await names(plan(YAML, { last }))).toEqual(['many_changes']);
    expect(await names(plan(`${YAML}guards: { max_changed_percent: null }\n`, { last }))).toEqual([]);
  });

  test('a manifest that is missing stops a run, and the first run has none', async () => {
    const { plan } = await openWorkspace();
    expect(await names(plan())).toEqual([]);
    expect(await names(plan(YAML, { last: { kind: 'missing', reason: 'it is gone' } }))).toEqual([
      'missing_manifest',
    ]);
  });

  test('a model without a price stops a run, and the plan has no price', async () => {
    const { plan } = await openWorkspace();
    const findPrice: PlanInput['findPrice'] = ({ model }) => (model === 'nano-banana-pro' ? undefined : 1);
    const yaml = `${YAML}overrides: [{ when: { color: red }, model: nano-banana-pro }]\n`;
    const { file, guards } = assertPlanned(await plan(yaml, { findPrice })).plan;
    expect(guards).toMatchObject([
      { name: 'unknown_price', message: 'No price is known for nano-banana-pro 1K.' },
    ]);
    expect(file.price).toBeNull();
  });
});
