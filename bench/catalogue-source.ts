import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Rows that are other ones on the second night: one of these. */
const CHANGED_EVERY = 33;
/** Longer than a key may be. */
const INVALID_KEY = 'x'.repeat(300);

/**
 * Writes a CSV of products.
 *
 * @param options.night on the second one, 3 % of the rows have another color
 * @param options.invalidEvery one of so many rows has no valid key
 */
export async function writeProducts(
  path: string,
  count: number,
  { night = 1, invalidEvery = Number.POSITIVE_INFINITY }: { night?: number; invalidEvery?: number } = {},
): Promise<void> {
  function* generate() {
    yield 'sku,name,category,color,material,description\n';
    for (let at = 0; at < count; at += 1) {
      const key = at % invalidEvery === invalidEvery - 1 ? INVALID_KEY : `SKU ${at}`;
      const category = ['chair', 'lamp', 'clock', 'table'][at % 4];
      const color = night === 2 && at % CHANGED_EVERY === 0 ? 'black' : 'oak brown';
      yield `${key},Product Größe ${at},${category},${color},wood,"${'A text, with commas. '.repeat(10)}"\n`;
    }
  }
  await pipeline(Readable.from(generate()), createWriteStream(path));
}
