import { describe, expect, test } from 'vitest';
import { readLines } from '../../src/batches/index.ts';

async function collectLines(text: string, chunkBytes: number, maxBytes = 100) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const lines: [number, string][] = [];
  for await (const { number, bytes: line } of readLines(chunks(), maxBytes))
    lines.push([number, String(line)]);
  return lines;
}

describe('readLines()', () => {
  test.each([1, 2, 3, 7, 1000])('reads the same lines from chunks of %i bytes', async (chunkBytes) => {
    const text = '\uFEFF{"a":"ü"}\r\n\r\n  \n{"b":2}\n{"c":3}';
    expect(await collectLines(text, chunkBytes)).toEqual([
      [1, '{"a":"ü"}'],
      [4, '{"b":2}'],
      [5, '{"c":3}'],
    ]);
  });

  test('a blank last line is no line, and an empty file has none', async () => {
    expect(await collectLines('a\n', 10)).toEqual([[1, 'a']]);
    expect(await collectLines('a\r\n\r\n', 10)).toEqual([[1, 'a']]);
    for (const text of ['', '\n', '\uFEFF', '\uFEFF\r\n']) expect(await collectLines(text, 10)).toEqual([]);
  });

  test.each([1, 5, 1000])(
    'reports a line that is too long, and reads the next one (chunks of %i)',
    async (size) => {
      expect(await collectLines(`${'x'.repeat(11)}\r\n${'y'.repeat(10)}\r\n`, size, 10)).toEqual([
        [1, 'too-long'],
        [2, 'y'.repeat(10)],
      ]);
      expect(await collectLines(`\uFEFF${'x'.repeat(10)}\n${'y'.repeat(500)}`, size, 10)).toEqual([
        [1, 'x'.repeat(10)],
        [2, 'too-long'],
      ]);
    },
  );
});
