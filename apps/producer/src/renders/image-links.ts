import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Clock } from '@darkroom/shared/runtime';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import type { SignedLinks } from '../access/index.ts';
import { resolveBaseUrl } from '../http/index.ts';

export interface ImageLinkDeps {
  store: ObjectStore;
  links: SignedLinks;
  clock: Clock;
}

export interface ImageLinkOptions {
  part: 'image' | 'thumbnail';
  lifetimeMs: number;
  /**
   * `if-needed`: signs for callers with a key. While the store is away the link is not signed and works with the key.
   * `always`: signs for every caller, and throws {@link StoreError} when the store is away.
   */
  sign: 'if-needed' | 'always';
}

/**
 * An absolute URL of a render's image, which works without a key: the store's own where the store can sign, else a
 * signed link to this API. `undefined` when the render has no image.
 */
export async function createImageUrl(
  deps: ImageLinkDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
  options: ImageLinkOptions,
): Promise<string | undefined> {
  const { image } = snapshot;
  if (!image) return undefined;
  const key = options.part === 'image' ? image.key : image.thumbnailKey;
  const signed = await deps.store.signedUrl(key, options.lifetimeMs).catch(() => undefined);
  if (signed) return signed;
  return `${resolveBaseUrl(request)}${await createImagePath(deps, request, snapshot, options)}`;
}

/** The path of a render's image in this API, with a signature. For pages, which load images from this API only. */
export async function createImagePath(
  { links, clock }: Pick<ImageLinkDeps, 'links' | 'clock'>,
  request: FastifyRequest,
  { renderId, tenant }: RenderSnapshot,
  { part, lifetimeMs, sign }: ImageLinkOptions,
): Promise<string> {
  const expiresAt = clock.now() + lifetimeMs;
  const path = `/v1/renders/${renderId}/${part}`;
  if (sign === 'always') return await links.sign(path, tenant, expiresAt);
  if (!request.caller?.key) return path;
  return await links.sign(path, tenant, expiresAt).catch(() => path);
}
