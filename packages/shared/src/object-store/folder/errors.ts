import { errorMessage } from '../../runtime/index.ts';
import { StoreError, type StoreErrorCode } from '../object-store.ts';

/** A full disk, missing handles and device errors can end without a change of rights, so they count as `unavailable`. */
const STORE_CODES: Record<string, StoreErrorCode> = {
  ENOSPC: 'unavailable',
  EDQUOT: 'unavailable',
  EIO: 'unavailable',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  EBUSY: 'unavailable',
  ESTALE: 'unavailable',
  ETIMEDOUT: 'unavailable',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  // The key is the folder of another key, or another key is its folder.
  ENOTDIR: 'invalid_key',
  EISDIR: 'invalid_key',
};

export function readErrorCode(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** @param what for people: `put images/x.png` */
export function toStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = readErrorCode(error);
  const text = `${what}: ${errorMessage(error)}`;
  return new StoreError(STORE_CODES[code] ?? 'internal', text, { cause: error });
}
