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

/** A link to an image. */
export interface ImageLink {
  url: string;
  /** Unix milliseconds: when the link stops working. Absent for a link that is not signed. */
  expiresAt?: number;
}

/**
 * A link to a render's image with an absolute URL, which works without a key: the store's own where the store can sign,
 * else a signed link to this API. `undefined` when the render has no image.
 */
export async function createImageUrl(
  deps: ImageLinkDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
  options: ImageLinkOptions,
): Promise<ImageLink | undefined> {
  const { image } = snapshot;
  if (!image) return undefined;
  const key = options.part === 'image' ? image.key : image.thumbnailKey;
  const expiresAt = readExpiry(deps, options);
  const signed = await deps.store.signedUrl(key, options.lifetimeMs).catch(() => undefined);
  if (signed) return { url: signed, expiresAt };
  const link = await linkToApi(deps, request, snapshot, options);
  return { ...link, url: `${resolveBaseUrl(request)}${link.url}` };
}

/** The path of a render's image in this API, with a signature. For pages, which load images from this API only. */
export async function createImagePath(
  deps: Pick<ImageLinkDeps, 'links' | 'clock'>,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
  options: ImageLinkOptions,
): Promise<string> {
  return (await linkToApi(deps, request, snapshot, options)).url;
}

async function linkToApi(
  deps: Pick<ImageLinkDeps, 'links' | 'clock'>,
  request: FastifyRequest,
  { renderId, tenant }: RenderSnapshot,
  options: ImageLinkOptions,
): Promise<ImageLink> {
  const { part, sign } = options;
  const expiresAt = readExpiry(deps, options);
  const path = `/v1/renders/${renderId}/${part}`;
  const signLink = async () => ({ url: await deps.links.sign(path, tenant, expiresAt), expiresAt });
  if (sign === 'always') return await signLink();
  if (!request.caller?.key) return { url: path };
  return await signLink().catch(() => ({ url: path }));
}

/** Stores that sign count whole seconds, from the start of the present one. */
const readExpiry = ({ clock }: Pick<ImageLinkDeps, 'clock'>, { lifetimeMs }: ImageLinkOptions) =>
  Math.floor(clock.now() / 1000) * 1000 + lifetimeMs;
