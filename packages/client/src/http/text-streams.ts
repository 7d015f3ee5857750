import { DarkroomError } from '../errors.ts';

/** Characters. A server that sends a longer line is not Darkroom, and would fill the memory. */
const MAX_LINE_LENGTH = 4 * 1024 * 1024;

/**
 * Splits a stream of UTF-8 into lines, without their ends: LF, CR LF or CR.
 *
 * @param last whether the text after the last line end counts as a line. In an incomplete stream, this text is half a line.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  { last = false }: { last?: boolean } = {},
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    // A CR at the end of a chunk may be the first half of a CR LF.
    const held = text.endsWith('\r') ? 1 : 0;
    const parts = text.slice(0, text.length - held).split(/\r\n|\n|\r/);
    rest = (parts.pop() ?? '') + text.slice(text.length - held);
    if (rest.length > MAX_LINE_LENGTH)
      throw new DarkroomError('unexpected_response', 'A line of the response is too long.');
    yield* parts;
  }
  rest += decoder.decode();
  if (rest.endsWith('\r')) yield rest.slice(0, -1);
  else if (last && rest !== '') yield rest;
}

/** One message of an event stream. */
export interface ServerSentEvent {
  event: string;
  data: string;
}

/** Parses the lines of a `text/event-stream` as the HTML standard defines it. Comments, which are heartbeats, are skipped. */
export async function* parseServerSentEvents(
  lines: AsyncIterable<string>,
): AsyncGenerator<ServerSentEvent, void> {
  let event = '';
  let data: string[] = [];
  for await (const line of lines) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
}
