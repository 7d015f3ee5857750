import type { Readable } from 'node:stream';
import { ensureObject, isOld, type ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, inputKey, sha256, upgradePersisted } from '@darkroom/shared/render';
import { type Clock } from '@darkroom/shared/runtime';
import { z } from 'zod';
import type { SignedLinks } from '../../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../../backends/index.ts';
import { IMAGE_EXTENSIONS, type ImageFacts, type ImageType, type TenantUploads } from '../../intake/index.ts';

/** The record of one tenant's upload. The bytes are stored separately, because all tenants share them. */
const uploadSchema = z.object({
  version: z.literal(DATA_VERSION),
  type: z.enum(Object.keys(IMAGE_EXTENSIONS) as [ImageType, ...ImageType[]]),
  bytes: z.number().int().positive(),
  width: z.number().int(),
  height: z.number().int(),
});

export type Upload = Omit<z.infer<typeof uploadSchema>, 'version'> & { sha256: string };

export interface UploadStore extends TenantUploads {
  /** Saves an image of a tenant. Saving it again is harmless (I6). */
  save(tenant: string, bytes: Uint8Array, facts: ImageFacts): Promise<Upload>;
  /** A tenant's upload by its file name. */
  find(tenant: string, name: string): Promise<Upload | undefined>;
  /** The bytes of an upload, if the store still has them. */
  open(upload: Upload): Promise<Readable | undefined>;
  /** The path of an upload with a signature that is valid for a year. */
  signLink(tenant: string, upload: Upload): Promise<string>;
  /** The file name in the URL of an upload, which is the same for every signature. `undefined` for other URLs. */
  findName(url: string): string | undefined;
}

const UPLOADS_PATH = '/v1/uploads/images';
const NAME = /^([0-9a-f]{64})\.(jpg|png|webp|gif)$/;
/** PUBLIC_URL may have a path of its own, which comes first. */
const PATH = new RegExp(`${UPLOADS_PATH}/([0-9a-f]{64}\\.(?:jpg|png|webp|gif))$`);
const LINK_LIFETIME_MS = 365 * 86_400_000;

/** Every method but `findName` and `isUploadUrl` throws {@link StoreError} when the store is away. */
export function createUploadStore(store: ObjectStore, links: SignedLinks, clock: Clock): UploadStore {
  const recordKey = (tenant: string, digest: string) => `uploads/${tenant}/${digest}.json`;

  const find: UploadStore['find'] = async (tenant, name) => {
    const [, digest, extension] = NAME.exec(name) ?? [];
    if (!digest) return undefined;
    const record = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      store.get(recordKey(tenant, digest), { signal }),
    );
    if (!record) return undefined;
    const stored: unknown = JSON.parse(Buffer.from(record).toString('utf8'));
    const { version: _, ...upload } = uploadSchema.parse(upgradePersisted('upload', stored));
    return IMAGE_EXTENSIONS[upload.type] === extension ? { ...upload, sha256: digest } : undefined;
  };

  /** Lifecycle rules count the age of an object from its last write. */
  const rewrite = (key: string, contentType: string) =>
    withStoreDeadline(STORE_DEADLINE_MS.image, async (signal) => {
      const bytes = await store.get(key, { signal });
      if (bytes) await store.put(key, bytes, { contentType, signal });
    });

  return {
    find,
    save: async (tenant, bytes, { type, width, height }) => {
      const digest = sha256(bytes);
      const key = inputKey(digest);
      const facts = { type, bytes: bytes.length, width, height };
      const record: z.infer<typeof uploadSchema> = { version: DATA_VERSION, ...facts };
      await withStoreDeadline(STORE_DEADLINE_MS.image, async (signal) => {
        await ensureObject(store, { key, body: bytes }, { contentType: type, signal, now: clock.now() });
        await store.put(recordKey(tenant, digest), JSON.stringify(record), {
          contentType: 'application/json',
          signal,
        });
      });
      return { ...facts, sha256: digest };
    },
    open: async ({ sha256: digest }) => {
      // The deadline is for opening: callers may read slowly, and closing the connection ends the stream.
      const opened = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
        store.getStream(inputKey(digest), { signal }),
      );
      return opened?.stream;
    },
    signLink: async (tenant, { sha256: digest, type }) => {
      const path = `${UPLOADS_PATH}/${digest}.${IMAGE_EXTENSIONS[type]}`;
      return await links.sign(path, tenant, clock.now() + LINK_LIFETIME_MS);
    },
    findName: (url) => parseUploadUrl(url)?.name,
    isUploadUrl: (url) => parseUploadUrl(url) !== undefined,
    resolve: async (url, tenant) => {
      const found = parseUploadUrl(url);
      if (!found) return undefined;
      const upload = await find(tenant, found.name);
      const key = upload && inputKey(upload.sha256);
      const exists =
        key && (await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => store.head(key, { signal })));
      if (upload && key && exists) {
        const { type: contentType, bytes, width, height } = upload;
        if (isOld(exists, clock.now())) await rewrite(key, contentType);
        return { reference: { kind: 'stored', key, contentType, bytes }, width, height };
      }
      return (await isOwnLink(links, found)) ? 'not-theirs' : undefined;
    },
  };
}

/** Recognizes an upload by its path alone: this API can be reached under several host names. */
function parseUploadUrl(text: string): { name: string; url: URL } | undefined {
  if (!text.includes(UPLOADS_PATH) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const [, name] = PATH.exec(url.pathname) ?? [];
  return name ? { name, url } : undefined;
}

/** Whether this API signed the link, for any tenant and at any time. */
async function isOwnLink(links: SignedLinks, { name, url }: { name: string; url: URL }): Promise<boolean> {
  const [tenant, expires] = [url.searchParams.get('tenant'), url.searchParams.get('expires')];
  if (!tenant || !expires || !Number.isSafeInteger(Number(expires))) return false;
  const path = `${UPLOADS_PATH}/${name}`;
  return (await links.sign(path, tenant, Number(expires))) === `${path}${url.search}`;
}
