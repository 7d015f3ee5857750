import type { Transport } from '../http/index.ts';
import { addressOf } from './address.ts';

/** A stored picture. Nothing is fetched before it is asked for. */
export interface ImageFile {
  /** The whole of it. A connection that breaks is tried again. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** As it comes. Read it or cancel it: until then a connection is held. */
  stream(): Promise<ReadableStream<Uint8Array>>;
}

/** A server that sends nothing for longer has gone. */
const SILENCE_MS = 30_000;

/** @param which `/image` or `/thumbnail` */
export function imageFile(
  transport: Transport,
  id: string,
  which: '/image' | '/thumbnail',
  { signal }: { signal?: AbortSignal | undefined } = {},
): ImageFile {
  const path = addressOf(id, which);
  const ask = { method: 'GET', path, headers: { accept: 'image/*' }, repeatable: true, signal } as const;
  return {
    bytes: async () => {
      const patient = transport.patience(signal);
      for (;;) {
        try {
          const answer = await transport.once(ask);
          return await joined(answer.chunks(SILENCE_MS));
        } catch (error) {
          await patient.after(error);
        }
      }
    },
    stream: async () => {
      const answer = await transport.open(ask);
      const chunks = answer.chunks(SILENCE_MS);
      return new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          const next = await chunks.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        },
        // Closing, and not `chunks.return`: that would wait for a read that is under way.
        cancel: () => answer.close(),
      });
    },
  };
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
