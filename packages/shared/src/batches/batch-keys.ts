import type { RunRef } from '../engine/index.ts';
import { renderIdFor, sha256 } from '../render/index.ts';
import type { BatchRef } from './records.ts';

const LAST_MS = 9_999_999_999_999;
const formatLeft = (createdAt: number) => String(LAST_MS - createdAt).padStart(13, '0');

export const batchKey = ({ tenant, id }: BatchRef, name: string) => `batches/${tenant}/${id}/${name}`;
/** Has a folder of each tenant with batches. */
export const BATCHES_BY_TIME_PREFIX = 'batches-by-time/';
/** Empty objects that list the batches of a tenant, the latest first. */
export const batchListPrefix = (tenant: string) => `${BATCHES_BY_TIME_PREFIX}${tenant}/`;
export const batchListKey = ({ tenant, id, createdAt }: BatchRef & { createdAt: number }) =>
  `${batchListPrefix(tenant)}${formatLeft(createdAt)}.${id}`;
/** Empty objects that list the batches that have not ended: a restore adds their jobs again. */
export const OPEN_BATCHES_PREFIX = 'open-batches/';
export const openBatchKey = ({ tenant, id }: BatchRef) => `${OPEN_BATCHES_PREFIX}${tenant}/${id}`;

export const fileKey = ({ tenant, id }: BatchRef, name: string) => `files/${tenant}/${id}/${name}`;
export const fileListPrefix = (tenant: string) => `files-by-time/${tenant}/`;
export const fileListKey = ({ tenant, id, createdAt }: BatchRef & { createdAt: number }) =>
  `${fileListPrefix(tenant)}${formatLeft(createdAt)}.${id}`;

/** The id in a key of a list. */
export const readListedId = (key: string) => key.slice(key.lastIndexOf('.') + 1);

export const numberName = (number: number) => String(number).padStart(5, '0');

/** The run of the renders of a batch. */
export const batchRun = ({ tenant, id }: BatchRef): RunRef => ({ tenant, id });

/**
 * The render of a line. It is derived from the batch and the `custom_id`, never from a position (I6). Keys of callers have no
 * line breaks, so none is equal.
 */
export const batchRenderId = ({ tenant, id }: BatchRef, customId: string) =>
  renderIdFor(tenant, `batch\n${id}\n${customId}`);

/** The file with the results of a batch, or with its lines without an image. */
export const outputFileId = ({ id }: Pick<BatchRef, 'id'>, part: 'output' | 'errors') =>
  `file-${sha256(`${id}\0${part}`).slice(0, 32)}`;
