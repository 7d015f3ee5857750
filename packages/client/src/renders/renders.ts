import { type CreateManyOptions, type CreateManyRun, createMany } from '../bulk/index.ts';
import type { Transport } from '../http/index.ts';
import { encodeIdempotencyKey, generateIdempotencyKey, serializeRequest } from '../render-request.ts';
import type {
  AcceptedRender,
  Delivery,
  Render,
  RenderDetail,
  RenderProgress,
  RenderRequest,
} from '../types.ts';
import { buildRenderPath, validateIdempotencyKey } from '../validate-options.ts';
import { type EventsOptions, onProgress, type RenderEvent, watchEvents } from './events.ts';
import { getImageFile, type ImageFile } from './image.ts';
import { type ListFilters, listRenders, type RenderList } from './list.ts';
import { type WaitOptions, waitForEnd } from './wait.ts';

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface CreateOptions extends CallOptions {
  /**
   * The same key always returns the same render, without a time limit. Text of 1 to 255 bytes without control characters.
   * Without a key, the client generates one, so its own retries create one render. With your own key, your retries do, too.
   */
  idempotencyKey?: string | undefined;
}

/**
 * The renders of one tenant. Every method rejects with a `DarkroomError`. A mistake in an option or an id is a `TypeError`.
 * Errors of the caller's own source or listener are passed on as they are.
 */
export interface Renders {
  /** Creates a render. Resolves when the render is durably queued. `wait` resolves when it has ended. */
  create(request: RenderRequest, options?: CreateOptions): Promise<AcceptedRender>;
  /** Creates thousands of renders, chunk by chunk. Starts when you iterate over the results or call `finish()`. */
  createMany(
    requests: Iterable<RenderRequest> | AsyncIterable<RenderRequest>,
    options?: CreateManyOptions,
  ): CreateManyRun;
  get(id: string, options?: CallOptions): Promise<RenderDetail>;
  /** Resolves with the render when it has ended: completed, failed or canceled. */
  wait(id: string, options?: WaitOptions): Promise<RenderDetail>;
  /** Yields the events of a render as they happen, until it ends. */
  events(id: string, options?: EventsOptions): AsyncIterable<RenderEvent>;
  /**
   * As `wait`, and calls the listener on each change of status or progress. The client awaits what the listener returns.
   * When the listener throws, this rejects with the same error.
   */
  onProgress(
    id: string,
    listener: (progress: RenderProgress) => unknown,
    options?: WaitOptions,
  ): Promise<Render>;
  list(filters?: ListFilters, options?: CallOptions): RenderList;
  /**
   * Cancels a render. Before the purchase, this costs nothing. After it, Darkroom stops waiting for the image. Canceling a
   * canceled render again succeeds.
   *
   * @returns the current state. A render that the provider is working on may take a moment to end; `wait` for it.
   * @throws DarkroomError `render_ended` when the render is completed or failed.
   */
  cancel(id: string, options?: CallOptions): Promise<Render>;
  image(id: string, options?: CallOptions): ImageFile;
  /** A WebP image of at most 256 by 256 pixels. */
  thumbnail(id: string, options?: CallOptions): ImageFile;
  /** The webhook deliveries of the render. The newest is first. */
  deliveries(id: string, options?: CallOptions): Promise<Delivery[]>;
  /**
   * Sends the webhooks of the latest end of the render again, or one delivery by its id. This is the only call that the
   * client never retries.
   *
   * @throws DarkroomError `delivery_not_found`.
   */
  redeliver(id: string, options?: CallOptions & { delivery?: string | undefined }): Promise<Delivery[]>;
}

export function createRenders(transport: Transport): Renders {
  const get = <T>(path: string, signal: AbortSignal | undefined) =>
    transport.sendForJson<T>({ method: 'GET', path, repeatable: true, signal });
  const post = <T>(path: string, repeatable: boolean, signal: AbortSignal | undefined) =>
    transport.sendForJson<T>({ method: 'POST', path, repeatable, signal });
  return {
    create: (request, options) => createRender(transport, request, options),
    createMany: (requests, options) => createMany(transport, requests, options),
    get: async (id, options) => await get<RenderDetail>(buildRenderPath(id), options?.signal),
    wait: (id, options) => waitForEnd(transport, id, options),
    events: (id, options) => watchEvents(transport, id, options),
    onProgress: (id, listener, options) => onProgress(transport, id, listener, options),
    list: (filters, options) => listRenders(transport, filters, options),
    cancel: async (id, options) => await post<Render>(buildRenderPath(id, '/cancel'), true, options?.signal),
    image: (id, options) => getImageFile(transport, id, '/image', options),
    thumbnail: (id, options) => getImageFile(transport, id, '/thumbnail', options),
    deliveries: async (id, options) =>
      (await get<{ data: Delivery[] }>(buildRenderPath(id, '/deliveries'), options?.signal)).data,
    redeliver: async (id, { delivery, signal } = {}) => {
      const query = delivery === undefined ? '' : `?delivery=${encodeURIComponent(delivery)}`;
      const path = buildRenderPath(id, `/deliveries/redeliver${query}`);
      return (await post<{ data: Delivery[] }>(path, false, signal)).data;
    },
  };
}

async function createRender(
  transport: Transport,
  request: RenderRequest,
  { idempotencyKey, signal }: CreateOptions = {},
): Promise<AcceptedRender> {
  validateIdempotencyKey('idempotencyKey', idempotencyKey);
  // The request may be any value when the caller does not use TypeScript. The API validates it.
  const generated =
    idempotencyKey === undefined && (request as Partial<RenderRequest> | null)?.idempotency_key === undefined;
  const key = generated ? generateIdempotencyKey() : idempotencyKey;
  const accepted = await transport.sendForJson<AcceptedRender>({
    method: 'POST',
    path: 'v1/renders',
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': encodeIdempotencyKey(key) }),
    },
    body: serializeRequest(request),
    repeatable: true,
    signal,
  });
  // A duplicate under a generated key is the work of an earlier try of this call, so it is new to the caller.
  return generated ? { ...accepted, duplicate: false } : accepted;
}
