import { describe, expect, test } from 'vitest';
import { assertPlanned, CSV, lines, openWorkspace, YAML } from './support/workspace.ts';

const quarantine = (limit: number, yaml = YAML) => `${yaml}guards: { max_quarantined_rows: ${limit} }\n`;
const DATED = YAML.replace(/prompt: .*/, `prompt: '{{ name }} of {{ extra | date: "%Y" }}'`);

/** A workspace whose catalogue has delivered `source` once. */
async function openNight(source = CSV, yaml = YAML) {
  const workspace = await openWorkspace(source);
  const last = await workspace.deliver(assertPlanned(await workspace.plan(yaml)).decisions);
  const planNext = async (csv: string, limit = 5, more: Parameters<typeof workspace.plan>[1] = {}) => {
    await workspace.writeSource(csv);
    return await workspace.plan(quarantine(limit, yaml), { last, ...more });
  };
  return { ...workspace, last, planNext };
}

const show = ({ decisions }: ReturnType<typeof assertPlanned>) =>
  decisions.map((one) => {
    const { key, name } = one.kind === 'remove' ? one.previous : one.item;
    return `${one.kind} ${key || '?'} ${name || '-'}`;
  });

describe('a row that is not valid is quarantined, and the others are bought', () => {
  test('a product with an invalid row keeps its last image, and a new one has none', async () => {
    const { planNext } = await openNight();
    const long = 'x'.repeat(40_000);
    const planned = assertPlanned(
      await planNext(`sku,name,color\nA-1,Shoe,red\nA-2,Boot,${long}\nA-3,Sandal,green\nA-4,${long},red\n`),
    );
    expect(show(planned)).toEqual([
      'keep A-1 A-1.jpg',
      'quarantine A-2 A-2.jpg',
      'keep A-3 A-3.jpg',
      'quarantine A-4 -',
    ]);
    expect(planned.decisions[1]).toMatchObject({ item: { line: 3 }, problem: { line: 3, field: 'prompt' } });
    expect(planned.plan.quarantine).toMatchObject({ rows: 2, count: 2 });
    expect(planned.plan.file).toMatchObject({ items: 4, rows: 4, quarantined: 2, unchanged: 2, removed: 0 });
  });

  test.each([
    ['a template error', DATED, { good: '2026-01-01', bad: 'now' }, /must not read the clock/],
    ['an invalid reference', `${YAML}references: [extra]\n`, { good: '', bad: '/etc/x' }, /an https:/],
    ['an invalid image name', `${YAML}image_name: '{extra}.jpg'\n`, { good: 'a', bad: '--' }, /file name/],
    [
      'a key that is too long',
      YAML.replace('key: sku', 'key: extra'),
      { good: 'a', bad: 'x'.repeat(300) },
      /255/,
    ],
  ])('%s concerns its row alone', async (_, yaml, { good, bad }, message) => {
    const source = `sku,name,color,extra\nA-1,Shoe,red,${good}\nA-2,Boot,blue,${bad}\n`;
    const workspace = await openWorkspace(source);
    const planned = assertPlanned(await workspace.plan(quarantine(1, yaml)));
    expect(planned.decisions.map(({ kind }) => kind)).toEqual(['buy', 'quarantine']);
    expect(planned.plan.quarantine.listed).toMatchObject([
      { line: 3, message: expect.stringMatching(message) as string },
    ]);
    expect((await workspace.plan(yaml)).kind).toBe('problems');
  });

  test('no row of a key that comes twice is bought, and the product is one item', async () => {
    const { planNext } = await openNight();
    const planned = assertPlanned(
      await planNext('sku,name,color\nA-1,Shoe,pink\nA-2,Boot,blue\nA-3,Sandal,green\nA-1,Shoe,red\n'),
    );
    expect(show(planned)).toEqual(['quarantine A-1 A-1.jpg', 'keep A-2 A-2.jpg', 'keep A-3 A-3.jpg']);
    expect(planned.plan.quarantine.rows).toBe(2);
    expect(planned.plan.quarantine.listed.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '2: line 5 has the same key: "A-1"',
      '5: line 2 has the same key: "A-1"',
    ]);
  });

  test('no row of an image name that comes twice is bought', async () => {
    const { planNext } = await openNight(CSV, `${YAML}image_name: '{name}.jpg'\n`);
    const planned = assertPlanned(
      await planNext('sku,name,color\nA-1,Shoe,red\nA-2,Boot,blue\nA-3,Sandal,green\nA-4,shoe,red\n'),
    );
    expect(show(planned)).toEqual([
      'quarantine A-1 Shoe.jpg',
      'keep A-2 Boot.jpg',
      'keep A-3 Sandal.jpg',
      'quarantine A-4 -',
    ]);
  });

  test('no item gets the image name of a product in quarantine, wherever its row is', async () => {
    const { planNext } = await openNight(CSV, `${YAML}image_name: '{name}.jpg'\n`);
    // A-3 is not valid, and keeps Sandal.jpg. A-1 wants this name, so A-1 keeps Shoe.jpg, which A-9 wants.
    const planned = assertPlanned(
      await planNext(
        `sku,name,color\nA-9,Shoe,red\nA-1,Sandal,red\nA-2,Boot,blue\nA-3,Clog,${'x'.repeat(40_000)}\n`,
      ),
    );
    expect(show(planned)).toEqual([
      'quarantine A-9 -',
      'quarantine A-1 Shoe.jpg',
      'keep A-2 Boot.jpg',
      'quarantine A-3 Sandal.jpg',
    ]);
  });

  test('a row without a key may be any product that is gone, so none of them loses its image', async () => {
    const { planNext } = await openNight();
    const source = 'sku,name,color\nA-1,Shoe,red\n,Boot,blue\n';
    const planned = assertPlanned(await planNext(source));
    expect(show(planned)).toEqual([
      'keep A-1 A-1.jpg',
      'quarantine ? -',
      'quarantine A-2 A-2.jpg',
      'quarantine A-3 A-3.jpg',
    ]);
    expect(planned.plan.quarantine.rows).toBe(1);
  });

  test('the next night keeps the image of a row that is valid again, and buys it if it changed', async () => {
    const { planNext, deliver, plan, writeSource } = await openNight();
    const long = 'x'.repeat(40_000);
    const { decisions } = assertPlanned(
      await planNext(
        `sku,name,color\nA-1,Shoe,${long}\nA-2,Boot,${long}\nA-3,Sandal,green\nA-4,x,${long}\n,x,y\n`,
      ),
    );
    const full = await deliver(decisions, { status: 'quarantined' });
    await writeSource('sku,name,color\nA-1,Shoe,red\nA-2,Boot,pink\nA-3,Sandal,green\n');
    const next = assertPlanned(await plan(YAML, { last: full }));
    expect(next.decisions).toMatchObject([
      { kind: 'keep', item: { key: 'A-1' } },
      { kind: 'buy', item: { key: 'A-2' }, reason: 'changed' },
      { kind: 'keep', item: { key: 'A-3' } },
      { kind: 'remove', previous: { key: 'A-4' } },
    ]);
  });

  test('an image of a row in quarantine that is gone from the store is not promised', async () => {
    const { planNext } = await openNight();
    const planned = assertPlanned(
      await planNext(`sku,name,color\nA-1,Shoe,${'x'.repeat(40_000)}\nA-2,Boot,blue\nA-3,Sandal,green\n`, 5, {
        hasImage: async ({ key }) => !key.includes('A-1'),
      }),
    );
    expect(planned.decisions[0]).toMatchObject({
      kind: 'quarantine',
      previous: { image: null },
      item: { name: '' },
    });
  });

  test('a reference image that cannot be read quarantines its row', async () => {
    const workspace = await openWorkspace('sku,name,color,photo\nA-1,Shoe,red,none.png\nA-2,Boot,blue,\n');
    const yaml = `${YAML}references: [photo]\n`;
    expect(show(assertPlanned(await workspace.plan(quarantine(1, yaml))))).toEqual([
      'quarantine A-1 -',
      'buy A-2 A-2.jpg',
    ]);
    await workspace.writeSource('sku,name,color,photo\nA-1,Shoe,red,none.png\nA-2,Boot,blue,none.png\n');
    expect((await workspace.plan(quarantine(1, yaml))).kind).toBe('problems');
  });
});

describe('the quarantine does not hide what is wrong with the whole source', () => {
  test('more rows than the limit stop the run, and all problems are listed', async () => {
    const { planNext, check } = await openNight();
    const source = 'sku,name,color\n,Shoe,red\nA-2,Boot,blue\n,Sandal,green\n';
    expect(assertPlanned(await planNext(source, 2)).plan.quarantine.rows).toBe(2);
    const found = await planNext(source, 1);
    const expected = [
      'catalogue:null guards.max_quarantined_rows: more than 1 row is not valid',
      'source:2 sku: the key is empty',
      'source:4 sku: the key is empty',
    ];
    expect(found.kind === 'problems' && lines(found)).toEqual(expected);
    const checked = await check(quarantine(1));
    expect(lines(checked)).toEqual(expected);
    expect(checked.rows).toBe(3);
  });

  test.each([
    ['a row with too many values', 'A-2,Boot,blue,x\n', /expected 3 values/],
    ['an unclosed quote', 'A-2,"Boot,blue\n', /never closed/],
    ['a quote in the middle of a value', 'A-2,Boot 5" "x",blue\n', /middle of a value/],
  ])('%s stops the run, because it may have swallowed other rows', async (_, row, message) => {
    const { planNext } = await openNight();
    const found = await planNext(`sku,name,color\nA-1,Shoe,red\n${row}`);
    expect(found.kind === 'problems' && lines(found).join('\n')).toMatch(message);
  });

  test('a missing column stops the run', async () => {
    const { planNext } = await openNight();
    const found = await planNext('sku,name\nA-1,Shoe\n');
    expect(found.kind === 'problems' && lines(found).join('\n')).toMatch(/no column "color"/);
  });
});
