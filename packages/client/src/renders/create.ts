import { expectIdempotencyKey } from '../validate-options.ts';
import type { Transport } from '../http/index.ts';
import { drawKey, serialize } from '../render-request.ts';
import type { AcceptedRender, RenderRequest } from '../types.ts';

export interface CreateOptions {
  /**
   * The same key names the same render for ever: printable ASCII without blanks, at most 255 characters. Without
   * one the client draws one, so that its own tries make one render; a key of your own makes yours safe, too.
   */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Asks for one render. Resolves once it is durably queued. @throws TypeError for a key that no header can carry. */
export async function create(
  transport: Transport,
  request: RenderRequest,
  { idempotencyKey, signal }: CreateOptions = {},
): Promise<AcceptedRender> {
  expectIdempotencyKey('idempotencyKey', idempotencyKey);
  // Callers without types send anything: what it is worth, the API says.
  const drawn =
    idempotencyKey === undefined && (request as Partial<RenderRequest> | null)?.idempotency_key === undefined;
  const key = drawn ? drawKey() : idempotencyKey;
  const accepted = await transport.json<AcceptedRender>({
    method: 'POST',
    path: 'v1/renders',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: serialize(request),
    repeatable: true,
    signal,
  });
  // Under a key that was drawn here a duplicate is what an earlier try of this call made.
  return drawn ? { ...accepted, duplicate: false } : accepted;
}
