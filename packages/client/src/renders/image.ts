import type { Transport } from '../http/index.ts';
import { buildRenderPath } from '../validate-options.ts';

/** The stored image of a render. The download starts when you call one of the methods. */
export interface ImageFile {
  /** Downloads the whole image. Retries when the connection breaks. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Streams the image. Read the stream to its end or cancel it, because it holds a connection. */
  stream(): Promise<ReadableStream<Uint8Array>>;
}

/** A connection that is silent for this long is broken. */
const IDLE_TIMEOUT_MS = 30_000;

export function getImageFile(
  transport: Transport,
  id: string,
  subpath: '/image' | '/thumbnail',
  { signal }: { signal?: AbortSignal | undefined } = {},
): ImageFile {
  const path = buildRenderPath(id, subpath);
  const request = { method: 'GET', path, headers: { accept: 'image/*' }, repeatable: true, signal } as const;
  return {
    bytes: () => transport.send(request, (response) => joinChunks(response.chunks(IDLE_TIMEOUT_MS))),
    stream: async () => {
      const response = await transport.send(request, (response) => response);
      const chunks = response.chunks(IDLE_TIMEOUT_MS);
      return new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          const next = await chunks.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        },
        // `chunks.return` would wait for the pending read, so this closes the response.
        cancel: () => response.close(),
      });
    },
  };
}

async function joinChunks(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
