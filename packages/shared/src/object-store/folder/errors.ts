import { StoreError, type StoreErrorCode } from '../object-store.ts';

/** Room, handles and the device itself come back; rights do not by themselves. */
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
  // A key that is the folder of another, or lies below another.
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
  const text = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  return new StoreError(STORE_CODES[code] ?? 'internal', text, { cause: error });
}
