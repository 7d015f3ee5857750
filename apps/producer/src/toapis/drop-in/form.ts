import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What a multipart body holds; or that it was larger than `most`, and was not kept. */
export type Form = { fields: FormData } | { tooLarge: true };

/**
 * In this scope bodies are read to their end, but kept only up to `most` bytes: whoever sends more is still sending,
 * and would not hear an answer that came before the end. Past `end` bytes the connection is cut.
 */
export function parseForms(scope: FastifyInstance, limits: { most: number; end: number }): void {
  scope.removeAllContentTypeParsers();
  // Of the payload rather than of the raw request: a key may have a limit of its own, which counts there.
  scope.addContentTypeParser('*', async (request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of payload) {
      size += chunk.length;
      if (size > limits.end) request.raw.destroy();
      if (size > limits.most) chunks.length = 0;
      else chunks.push(chunk);
    }
    return size > limits.most ? undefined : Buffer.concat(chunks);
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
