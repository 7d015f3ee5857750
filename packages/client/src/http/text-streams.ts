import { DarkroomError } from '../errors.ts';

/** Characters of a line that nobody sends. */
const LONGEST = 4 * 1024 * 1024;

/**
 * Lines of a stream of UTF-8, without their ends: LF, CR LF or CR. What follows the last line end is given as a
 * line only with `last`: in a stream that broke off it is half of one.
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array>,
  { last = false }: { last?: boolean } = {},
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of a CR LF.
    const held = text.endsWith('\r') ? 1 : 0;
    const parts = text.slice(0, text.length - held).split(/\r\n|\n|\r/);
    rest = (parts.pop() ?? '') + text.slice(text.length - held);
    if (rest.length > LONGEST) throw new DarkroomError('unexpected_answer', 'An answer has an endless line.');
    yield* parts;
  }
  rest += decoder.decode();
  if (rest.endsWith('\r')) yield rest.slice(0, -1);
  else if (last && rest !== '') yield rest;
}
