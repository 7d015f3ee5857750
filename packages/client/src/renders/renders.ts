import { type CreateManyOptions, type CreateManyRun, createMany } from '../bulk/index.ts';
import type { Transport } from '../http/index.ts';
import type { AcceptedRender, Delivery, Render, RenderProgress, RenderRequest } from '../types.ts';
import { addressOf } from './address.ts';
import { type CreateOptions, create } from './create.ts';
import { type EventsOptions, events, onProgress, type RenderEvent } from './events.ts';
import { type ImageFile, imageFile } from './image.ts';
import { type ListFilters, list, type RenderList } from './list.ts';
import { type WaitOptions, wait } from './wait.ts';

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/**
 * Renders of one tenant. Every method rejects with a `DarkroomError`; with a `TypeError` for a mistake in an option or an
 * id; and with what the caller's own source or listener throws.
 */
export interface Renders {
  /** Asks for a render. Resolves once it is durably queued; `wait` tells what became of it. */
  create(request: RenderRequest, options?: CreateOptions): Promise<AcceptedRender>;
  /** Asks for thousands, a chunk at a time. Begins when its results, or its end, are asked for. */
  createMany(
    requests: Iterable<RenderRequest> | AsyncIterable<RenderRequest>,
    options?: CreateManyOptions,
  ): CreateManyRun;
  get(id: string, options?: CallOptions): Promise<Render>;
  /** Resolves with the render once it has ended, however it has. */
  wait(id: string, options?: WaitOptions): Promise<Render>;
  /** Its events as they happen, up to its end. */
  events(id: string, options?: EventsOptions): AsyncIterable<RenderEvent>;
  /**
   * As `wait`, and tells of each change of status or progress on the way. What the listener returns is awaited; what it
   * throws is what this rejects with.
   */
  onProgress(
    id: string,
    listener: (progress: RenderProgress) => unknown,
    options?: WaitOptions,
  ): Promise<Render>;
  list(filters?: ListFilters, options?: CallOptions): RenderList;
  /**
   * Free before the purchase; after it, stops waiting. Canceled twice is canceled.
   *
   * @returns the render as it stands: one that is at the provider may take a moment; `wait` for it.
   * @throws DarkroomError `render_ended` when it is completed or failed.
   */
  cancel(id: string, options?: CallOptions): Promise<Render>;
  image(id: string, options?: CallOptions): ImageFile;
  /** 256 pixels, WebP. */
  thumbnail(id: string, options?: CallOptions): ImageFile;
  /** How its webhooks went, newest first. */
  deliveries(id: string, options?: CallOptions): Promise<Delivery[]>;
  /**
   * Sends the webhooks of its latest end again, or one by its id. The one call that is never repeated by itself.
   *
   * @throws DarkroomError `delivery_not_found`.
   */
  redeliver(id: string, options?: CallOptions & { delivery?: string | undefined }): Promise<Delivery[]>;
}

export function createRenders(transport: Transport): Renders {
  const get = <T>(path: string, signal: AbortSignal | undefined) =>
    transport.json<T>({ method: 'GET', path, repeatable: true, signal });
  const post = <T>(path: string, repeatable: boolean, signal: AbortSignal | undefined) =>
    transport.json<T>({ method: 'POST', path, repeatable, signal });
  return {
    create: (request, options) => create(transport, request, options),
    createMany: (requests, options) => createMany(transport, requests, options),
    get: async (id, options) => await get<Render>(addressOf(id), options?.signal),
    wait: (id, options) => wait(transport, id, options),
    events: (id, options) => events(transport, id, options),
    onProgress: (id, listener, options) => onProgress(transport, id, listener, options),
    list: (filters, options) => list(transport, filters, options),
    cancel: async (id, options) => await post<Render>(addressOf(id, '/cancel'), true, options?.signal),
    image: (id, options) => imageFile(transport, id, '/image', options),
    thumbnail: (id, options) => imageFile(transport, id, '/thumbnail', options),
    deliveries: async (id, options) =>
      (await get<{ data: Delivery[] }>(addressOf(id, '/deliveries'), options?.signal)).data,
    redeliver: async (id, { delivery, signal } = {}) => {
      const query = delivery === undefined ? '' : `?delivery=${encodeURIComponent(delivery)}`;
      const path = addressOf(id, `/deliveries/redeliver${query}`);
      return (await post<{ data: Delivery[] }>(path, false, signal)).data;
    },
  };
}
