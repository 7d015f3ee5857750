import { describe, expect, test } from 'vitest';
import { MAX_PROBLEMS } from '../src/problems.ts';
import { lines, openWorkspace, YAML } from './support/workspace.ts';

const HEAD = 'sku,name,color\n';
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

/** Checks and plans. A malformed source must give the same problems in both, and no plan. */
async function problemsOf(source: string | Uint8Array, yaml = YAML): Promise<string[]> {
  const workspace = await openWorkspace(source);
  const checked = lines(await workspace.check(yaml));
  const planned = await workspace.plan(yaml);
  if (checked.length === 0) expect(planned.kind).toBe('planned');
  else expect(planned.kind === 'problems' && lines(planned)).toEqual(checked);
  return checked;
}

describe('a malformed source buys nothing, and its report has line numbers', () => {
  test('a quote in the middle of a value is reported with its line, and the rows after it are read', async () => {
    const source = `${HEAD}A-1,Size 5" Shoe "x",red\nA-2,Boot\nA-3,Sandal,green\n`;
    expect(await problemsOf(source)).toEqual([
      expect.stringMatching(/^source:2 -: a quote begins in the middle/),
      'source:3 -: expected 3 values, received 2',
    ]);
  });

  test.each([
    ['up to the end', `A-1,Shoe,red\nA-2,"Boot,blue\nA-3,Sandal,green\n`, /^source:3 .*is never closed/],
    [
      'without a last line break',
      `A-1,Shoe,red\nA-2,"Boot,blue\nA-3,Sandal,green`,
      /^source:3 .*never closed/,
    ],
    [
      'up to the next quote',
      `A-1,Shoe,red\nA-2,"Boot,blue\nA-3,"Sandal",green\n`,
      /^source:3 .*ends on line 4/,
    ],
    ['after lines of its own row', `A-1,"two\nlines","red\nA-2,Boot,blue\n`, /^source:3 .*never closed/],
  ])(
    'a quote that swallows the rest %s is reported with the line where it opens',
    async (_, rows, message) => {
      expect(await problemsOf(HEAD + rows)).toEqual([expect.stringMatching(message)]);
    },
  );

  test('an unclosed quote in a large source is reported after 16 MB, with the line where it opens', async () => {
    const rest = 'A-2,Boot,blue\n'.repeat(1_300_000);
    expect(await problemsOf(`${HEAD}A-1,"Shoe,red\n${rest}`)).toEqual([
      expect.stringMatching(/^source:2 .*more than 16777216 bytes/),
    ]);
  });

  test('UTF-16 is read by its byte order mark, in both byte orders', async () => {
    const text = `\ufeff${HEAD}A-1,Schuhgröße,red\n`;
    expect(await problemsOf(utf16(text))).toEqual([]);
    expect(await problemsOf(utf16(text).swap16())).toEqual([]);
    const workspace = await openWorkspace(utf16(text));
    const planned = await workspace.plan();
    expect(planned.kind === 'planned' && planned.plan.samples[0]?.prompt).toBe('A photo of a red Schuhgröße');
  });

  test('UTF-16 without a byte order mark is refused, with the setting that reads it', async () => {
    const source = utf16(`${HEAD}A-1,Shoe,red\n`);
    expect(await problemsOf(source)).toEqual([
      expect.stringMatching(/^source:1 .*Set source.encoding to utf-16le/),
    ]);
    const yaml = YAML.replace('products.csv', 'products.csv, encoding: utf-16le');
    expect(await problemsOf(source, yaml)).toEqual([]);
  });

  test('a line sep=; is read, counts as a line, and a header with semicolons needs none', async () => {
    const rows = 'sku;name;color\nA-1;Shoe, 12,50;red\n;Boot;blue\n';
    expect(await problemsOf(`sep=;\n${rows}`)).toEqual(['source:4 sku: the key is empty']);
    expect(await problemsOf(rows)).toEqual(['source:3 sku: the key is empty']);
  });

  test('Windows-1252 is refused with the line of its first letter, and read with the setting', async () => {
    const source = Buffer.from(`${HEAD}A-1,Shoe,red\nA-2,Gr\u00f6\u00dfe,blue\n`, 'latin1');
    expect(await problemsOf(source)).toEqual([
      expect.stringMatching(/^source:3 .*not valid UTF-8.*windows-1252/),
    ]);
    const yaml = YAML.replace('products.csv', 'products.csv, encoding: windows-1252');
    expect(await problemsOf(source, yaml)).toEqual([]);
  });

  test('the line of a letter that is not UTF-8 is right in a file of many chunks', async () => {
    const good = Array.from({ length: 20_000 }, (_, index) => `A-${index},Größe,red\n`).join('');
    const source = Buffer.concat([
      Buffer.from(HEAD + good),
      Buffer.from('A,Gr\u00f6\u00dfe,blue\n', 'latin1'),
    ]);
    expect(await problemsOf(source)).toEqual([expect.stringMatching(/^source:20002 .*not valid UTF-8/)]);
  });

  test('duplicate and empty headers are reported', async () => {
    expect(await problemsOf('sku,name,color,name,\nA-1,Shoe,red,x,y\n')).toEqual([
      'source:1 name: columns 2 and 4 have the same name. Rename one of them.',
      'source:1 -: column 5 has no name',
    ]);
  });

  test('duplicate keys are reported with both lines', async () => {
    expect(await problemsOf(`${HEAD}A-1,"Shoe\nof two lines",red\nA-2,Boot,blue\nA-1,Shoe,red\n`)).toEqual([
      'source:5 sku: line 2 has the same key: "A-1"',
    ]);
  });

  test('a field of 3 MB is reported, and the rows after it are read', async () => {
    const source = `${HEAD}A-1,${'x'.repeat(3_000_000)},red\nA-2,Boot\n`;
    expect(await problemsOf(source)).toEqual([
      'source:2 name: expected at most 262144 characters, received 3000000',
      'source:3 -: expected 3 values, received 2',
    ]);
  });

  test('a missing column is reported at each place of the catalogue file that names it', async () => {
    expect(await problemsOf('name,shade\nShoe,red\n')).toEqual([
      'catalogue:3 key: the source has no column "sku". It has: name, shade',
      'catalogue:4 prompt: the source has no column "color". It has: name, shade',
      'source:2 sku: the row has no key',
    ]);
  });

  test('an empty file, a header only and a file of blank lines are reported', async () => {
    expect(await problemsOf('')).toEqual(['source:null -: the source is empty: it has no bytes']);
    expect(await problemsOf(HEAD)).toEqual([expect.stringMatching(/^source:null -: the source has no rows/)]);
    expect(await problemsOf(`${HEAD}\n\n\n`)).toEqual([expect.stringMatching(/the source has no rows/)]);
  });

  test('rows that are too long or too short are all reported', async () => {
    expect(await problemsOf(`${HEAD}A-1,Shoe, big,red\nA-2,Boot,blue\nA-3,Sandal\n`)).toEqual([
      'source:2 -: expected 3 values, received 4; a value with "," needs quotes',
      'source:4 -: expected 3 values, received 2',
    ]);
  });

  test('mixed line endings are read, and lines are counted as an editor counts them', async () => {
    expect(
      await problemsOf('sku,name,color\r\nA-1,Shoe,red\nA-2,Boot,blue\rA-3,Sandal,green\r\n,x,y\r\n'),
    ).toEqual(['source:5 sku: the key is empty']);
  });

  test('a template error has the line of the catalogue file and the field', async () => {
    const yaml = YAML.replace(/prompt: .*/, 'prompt: |\n  A photo of a\n  {{ colr }} {{ name }}');
    expect(await problemsOf(`${HEAD}A-1,Shoe,red\n`, yaml)).toEqual([
      'catalogue:6 prompt: the source has no column "colr". It has: sku, name, color',
      expect.stringMatching(
        /^source:2 -: prompt \(line 6 of the catalogue file\): undefined variable: colr$/,
      ),
    ]);
  });

  test('the problem of a filled prompt has the line of its row', async () => {
    expect(await problemsOf(`${HEAD}A-1,Shoe,red\nA-2,${'long '.repeat(220)},blue\n`)).toEqual([
      expect.stringMatching(/^source:3 prompt: expected at most 1000 characters/),
    ]);
  });

  test(`a report has the first ${MAX_PROBLEMS} problems, and the count of all`, async () => {
    const workspace = await openWorkspace(HEAD + 'A,B\n'.repeat(1_500));
    const { problems, count } = await workspace.check();
    expect([problems.length, count]).toEqual([1_000, 1_500]);
    expect(problems.at(-1)?.line).toBe(1_001);
    await workspace.writeSource(`${HEAD + 'A,B\n'.repeat(1_500)}A-1,"Shoe`);
    const { problems: withFatal } = await workspace.check();
    expect([withFatal.length, withFatal.at(-1)?.line]).toEqual([1_001, 1_502]);
  });

  test('JSONL is checked line by line', async () => {
    const workspace = await openWorkspace();
    const rows =
      '{"sku":"A-1","name":"Shoe","color":"red"}\n\n[1]\n{"sku":"A-2",\n{"name":"x","color":"y"}\n{"sku":9007199254740993,"name":"x","color":"y"}\n';
    await workspace.writeSource(rows, 'products.jsonl');
    expect(lines(await workspace.check(YAML.replace('.csv', '.jsonl')))).toEqual([
      'source:3 -: expected a JSON object',
      expect.stringMatching(/^source:4 -: expected a JSON object on one line/),
      'source:5 sku: the row has no key',
      expect.stringMatching(/^source:6 sku: expected an integer below/),
    ]);
  });
});
