import { readFile } from 'node:fs/promises';
import { cleanup } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { createJsonSchema, createProblemList, parseCatalogueFile } from '../src/index.ts';
import { assertPlanned, lines, openWorkspace, YAML } from './support/workspace.ts';

const problemsOf = async (yaml: string) => lines(await (await openWorkspace()).check(yaml));
const itemsOf = async (yaml: string, source?: string) =>
  assertPlanned(await (await openWorkspace(source)).plan(yaml)).decisions.flatMap((one) =>
    one.kind === 'remove' || one.kind === 'quarantine' ? [] : [one.item],
  );

describe('a catalogue file', () => {
  test('with unknown and wrong fields gets all problems with their lines', async () => {
    const yaml = `name: Shoes
source:
  path: products.csv
  delimeter: ','
key: sku
prompt: x
resolution: 8K
sise: 1:1
schedule:
  cron: every night
  time_zone: Berlin
`;
    expect(await problemsOf(yaml)).toEqual([
      expect.stringMatching(/^catalogue:1 name: expected 1 to 48 lower-case/),
      expect.stringMatching(/^catalogue:4 source.delimeter: .*did you mean `delimiter`/),
      expect.stringMatching(/^catalogue:7 resolution: expected one of "1K", "2K", "4K"/),
      expect.stringMatching(/^catalogue:10 schedule.cron: expected a cron expression/),
      expect.stringMatching(/^catalogue:11 schedule.time_zone: expected a time zone/),
      expect.stringMatching(/^catalogue:8 sise: .*did you mean `size`/),
    ]);
  });

  test('that is no YAML, or names a field twice, gets the line', async () => {
    expect(await problemsOf('name: shoes\nkey: [sku\nprompt: x\n')).toEqual([
      expect.stringMatching(/^catalogue:[23] -: /),
    ]);
    expect(await problemsOf(`${YAML}key: name\n`)).toEqual([
      expect.stringMatching(/^catalogue:5 -: .*unique/),
    ]);
    expect(await problemsOf('')).toEqual([expect.stringMatching(/^catalogue:1 -: expected an object/)]);
  });

  test.each([
    ['{{ "now" | date: "%Y" }}', /must not read the clock/],
    ["{% assign t = 'today' | date: '%d' %}{{ t }}", /must not read the clock/],
    ['{{ color | sample }}', /another result each time/],
    ['{{ color | random }}', /another result each time/],
    ['{{ color | nope }}', /undefined filter: nope/],
    ['{% include "other" %}', /tag "include" not found/],
    ['{% if color %}', /not closed/],
  ])('with the prompt %s is refused with line and field', async (text, message) => {
    const yaml = YAML.replace(/prompt: .*/, `prompt: |\n  A photo\n  ${text}`);
    expect(await problemsOf(yaml)).toEqual([expect.stringMatching(/^catalogue:6 prompt: /)]);
    expect((await problemsOf(yaml))[0]).toMatch(message);
  });

  test('cannot read the clock through a column either', async () => {
    const workspace = await openWorkspace('sku,name,color\nA-1,now,red\n');
    const found = lines(
      await workspace.check(YAML.replace(/prompt: .*/, 'prompt: "{{ name | date: \'%Y\' }}"')),
    );
    expect(found).toEqual([expect.stringMatching(/^source:2 -: prompt .*must not read the clock/)]);
  });

  test('fills a prompt the same in every time zone', async () => {
    const yaml = YAML.replace(/prompt: .*/, `prompt: "{{ name | date: '%H:%M' }}"`);
    const before = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    cleanup(() => {
      process.env['TZ'] = before ?? 'UTC';
    });
    const [item] = await itemsOf(yaml, 'sku,name,color\nA-1,2026-11-22T10:00:00Z,red\n');
    expect(item?.prompt).toBe('10:00');
  });

  test('makes one item per view, and later overrides replace earlier ones', async () => {
    const yaml = `${YAML}image_name: '{sku}-{view}.png'
views:
  - name: front
  - name: back
    prompt: The back of a {{ name }}, {{ view }}
overrides:
  - when: { color: [red, blue] }
    size: 4:5
  - when: { color: blue, name: Boot }
    size: 16:9
    resolution: 2K
`;
    expect(await itemsOf(yaml)).toMatchObject([
      {
        name: 'A-1-front.png',
        prompt: 'A photo of a red Shoe',
        size: '4:5',
        resolution: '1K',
        format: 'png',
      },
      { name: 'A-1-back.png', prompt: 'The back of a Shoe, back', size: '4:5' },
      { name: 'A-2-front.png', size: '16:9', resolution: '2K' },
      { name: 'A-2-back.png', size: '16:9' },
      { name: 'A-3-front.png', size: undefined },
      { name: 'A-3-back.png' },
    ]);
  });

  test('with views needs {view} in the image name, and the extension of its format', async () => {
    const views = 'views: [{ name: a }, { name: b }]\n';
    expect(await problemsOf(`${YAML}${views}image_name: '{sku}.jpg'\n`)).toEqual([
      expect.stringMatching(/^catalogue:6 image_name: expected \{view\}/),
    ]);
    expect(await problemsOf(`${YAML}format: webp\nimage_name: '{sku}.jpg'\n`)).toEqual([
      expect.stringMatching(/^catalogue:6 image_name: expected the extension of the format webp/),
    ]);
    expect(await problemsOf(`${YAML}views: [{ name: a }, { name: A }]\n`)).toEqual([
      expect.stringMatching(/^catalogue:5 views\[1\].name: another view/),
    ]);
  });

  test('with a column that has a blank in its name reads it through row', async () => {
    const yaml = YAML.replace(/prompt: .*/, `prompt: 'A {{ row["Product name"] }}'`);
    const [item] = await itemsOf(yaml, 'sku,Product name\nA-1,Schuh\n');
    expect(item?.prompt).toBe('A Schuh');
  });

  test('docs/catalogue.schema.json is current', async () => {
    const file = await readFile(new URL('../../../docs/catalogue.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(file)).toEqual(createJsonSchema());
  });
});

describe('an image name', () => {
  test.each([
    ['Größe 42', 'Groesse-42.jpg'],
    ['Ü-1/ä', 'Ue-1-ae.jpg'],
    ['Crème brûlée', 'Creme-brulee.jpg'],
    ['u\u0308ber', 'ueber.jpg'],
    ['../../etc', 'etc.jpg'],
    ['a  b__c', 'a-b__c.jpg'],
  ])('is safe: %j becomes %s', async (sku, name) => {
    const [item] = await itemsOf(YAML, `sku,name,color\n${sku},x,y\n`);
    expect(item?.name).toBe(name);
  });

  test('that another row has, in any case, is reported with both lines', async () => {
    const workspace = await openWorkspace('sku,name,color\nA 1,x,y\na-1,x,y\n鞋,x,y\nCON,x,y\n');
    expect(lines(await workspace.check())).toEqual([
      'source:3 image_name: line 2 has the same image name: a-1.jpg',
      'source:4 image_name: {sku} gives nothing that a file name can have',
      'source:5 image_name: Windows does not allow the file name CON.jpg',
    ]);
  });
});

test('an alias without an anchor is a problem of the file, not an error', () => {
  const problems = createProblemList();
  expect(parseCatalogueFile(Buffer.from('*nothing'), problems)).toBeUndefined();
  expect(problems.listed).toEqual([
    { in: 'catalogue', line: null, field: null, message: expect.stringContaining('nothing') },
  ]);
});
