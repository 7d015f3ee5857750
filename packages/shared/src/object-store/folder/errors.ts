import { errorMessage } from '../../runtime/index.ts';
import { StoreError, type StoreErrorCode } from '../object-store.ts';

/**
 * Every other error of the file system is `unavailable`: a full disk, a device error, a mount that is gone. All of them can
 * end without a change of Darkroom.
 */
const STORE_CODES: Record<string, StoreErrorCode> = {
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  // The key is the folder of another key, or another key is its folder.
  ENOTDIR: 'invalid_key',
  EISDIR: 'invalid_key',
  ENAMETOOLONG: 'invalid_key',
};

export function readErrorCode(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** @param what for people: `put images/x.png` */
export function toStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = readErrorCode(error);
  const text = `${what}: ${errorMessage(error)}`;
  const isSystemError = typeof (error as NodeJS.ErrnoException | null)?.errno === 'number';
  return new StoreError(STORE_CODES[code] ?? (isSystemError ? 'unavailable' : 'internal'), text, {
    cause: error,
  });
}
