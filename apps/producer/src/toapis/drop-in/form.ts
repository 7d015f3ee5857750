import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The fields of a multipart body. `tooLarge`: the body was larger than `maxKept` and was discarded. */
export type Form = { fields: FormData } | { tooLarge: true };

/**
 * In this scope bodies are read to their end, but only `maxKept` bytes are kept. A caller that is still sending would
 * not read a response, so a larger body is read and discarded first. After `maxRead` bytes the connection is closed.
 */
export function parseForms(scope: FastifyInstance, limits: { maxKept: number; maxRead: number }): void {
  scope.removeAllContentTypeParsers();
  // The payload, not the raw request: the payload enforces the key's own limit.
  scope.addContentTypeParser('*', async (request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of payload) {
      size += chunk.length;
      if (size > limits.maxRead) request.raw.destroy();
      if (size > limits.maxKept) chunks.length = 0;
      else chunks.push(chunk);
    }
    return size > limits.maxKept ? undefined : Buffer.concat(chunks);
  });
}

/** @returns `undefined` when the body is no form. */
export async function readForm(request: FastifyRequest): Promise<Form | undefined> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) return undefined;
  if (!Buffer.isBuffer(request.body)) return { tooLarge: true };
  try {
    const body = request.body as Buffer<ArrayBuffer>;
    return { fields: await new Response(body, { headers: { 'content-type': type } }).formData() };
  } catch {
    return undefined;
  }
}
