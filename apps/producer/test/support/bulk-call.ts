import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type BulkItem, type BulkSummary, bulkItemSchema, bulkSummarySchema } from '@darkroom/api';
import { cleanup } from '@darkroom/testkit';
import type { Harness } from './harness.ts';

/** A streamed bulk call. The test controls both directions. */
export interface BulkCall {
  /** Resolves when what was written has left this side. */
  write(text: string | Buffer): Promise<void>;
  end(text?: string): void;
  response: Promise<IncomingMessage>;
  /** The next line of the answer, checked; `undefined` after the last. Rejects when the connection breaks. */
  next(): Promise<BulkItem | BulkSummary | undefined>;
  /** All lines that are left. */
  rest(): Promise<{ items: BulkItem[]; summary: BulkSummary | undefined }>;
  /** Breaks the connection. */
  destroy(): void;
}

export const NDJSON = { 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' };

export function startBulk(harness: Pick<Harness, 'url'>, headers: Record<string, string> = {}): BulkCall {
  const request = httpRequest(`${harness.url}/v1/renders/bulk`, {
    method: 'POST',
    headers: { ...NDJSON, ...headers },
    agent: false,
  });
  // A test that breaks the connection expects it. Others get the error from `response` or `next`.
  request.on('error', () => undefined);
  cleanup(async () => void request.destroy());
  const response = once(request, 'response').then(([message]) => message as IncomingMessage);
  response.catch(() => undefined);
  const lines = linesOf(response);
  const next = async () => {
    const { done, value } = await lines.next();
    if (done) return undefined;
    const parsed: unknown = JSON.parse(value);
    return 'object' in (parsed as object) ? bulkSummarySchema.parse(parsed) : bulkItemSchema.parse(parsed);
  };
  return {
    response,
    next,
    write: async (text) => {
      if (!request.write(text)) await once(request, 'drain');
    },
    end: (text = '') => void request.end(text),
    destroy: () => void request.destroy(),
    rest: async () => {
      const items: BulkItem[] = [];
      for (let line = await next(); line; line = await next()) {
        if ('object' in line) return { items, summary: line };
        items.push(line);
      }
      return { items, summary: undefined };
    },
  };
}

async function* linesOf(response: Promise<IncomingMessage>): AsyncGenerator<string> {
  let open = '';
  for await (const chunk of (await response).setEncoding('utf8')) {
    const lines = (open + chunk).split('\n');
    open = lines.pop() ?? '';
    yield* lines;
  }
  if (open) throw new Error('the answer ended inside a line');
}

/** NDJSON of so many renders. */
export const renders = (count: number, more: (at: number) => object = () => ({})) =>
  Array.from(
    { length: count },
    (_, at) => `${JSON.stringify({ prompt: `image ${at}`, priority: 'batch', ...more(at) })}\n`,
  );
