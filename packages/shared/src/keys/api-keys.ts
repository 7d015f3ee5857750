import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { TENANT } from '@darkroom/api';

/**
 * - `enqueue`: create and cancel renders
 * - `read`: read renders, their images and pages
 * - `operate`: cancel renders, redeliver webhooks; with all tenants also the dashboard and metrics
 */
export const ROLES = ['enqueue', 'read', 'operate'] as const;
export type Role = (typeof ROLES)[number];

/** In place of a tenant: the key belongs to an operator of all tenants. */
export const ALL_TENANTS = '*';

/** An API key in the settings: its rights, and the hash of its text. */
export interface ApiKey {
  /** A tenant's name, or {@link ALL_TENANTS}. */
  tenant: string;
  roles: readonly Role[];
  /** SHA-256 of the key as hex. Keys are random and long, so a slow hash adds no security. */
  sha256: string;
  /** Requests per second. Absent: the setting API_RATE_PER_SECOND. */
  perSecond?: number;
  /** Bytes of a request body. Absent: the setting MAX_BODY_BYTES. */
  bodyBytes?: number;
}

/** The form of an entry of `API_KEYS`, for error messages. */
export const API_KEY_FORM =
  'entries tenant:role+role:sha256 of the key[:rate=50][:body=1048576], roles enqueue, read, operate; tenant * for operators of all tenants, without enqueue';

/**
 * Parses `API_KEYS`: entries separated by commas, blanks or line breaks. A comment goes from `#` to the end of its line.
 *
 * @returns `undefined` when any entry cannot be read.
 */
export function parseApiKeys(text: string): ApiKey[] | undefined {
  const entries = text.replace(/#[^\n]*/g, '').split(/[\s,]+/);
  const keys = entries.filter(Boolean).map(parseEntry);
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function parseEntry(entry: string): ApiKey | undefined {
  const [tenant = '', roleText = '', sha256 = '', ...limits] = entry.split(':');
  const roles = roleText.split('+') as Role[];
  if (tenant !== ALL_TENANTS && !TENANT.test(tenant)) return undefined;
  if (!roles.every((role) => ROLES.includes(role))) return undefined;
  // A render belongs to one tenant, so a key for all tenants cannot create one.
  if (tenant === ALL_TENANTS && roles.includes('enqueue')) return undefined;
  if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  const key: ApiKey = { tenant, roles, sha256 };
  for (const limit of limits) {
    const [name, digits = ''] = limit.split('=');
    const value = /^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : undefined;
    if (value === undefined) return undefined;
    if (name === 'rate') key.perSecond = value;
    else if (name === 'body') key.bodyBytes = value;
    else return undefined;
  }
  return key;
}

/** Formats a key as an entry of `API_KEYS`. */
export function formatApiKey({ tenant, roles, sha256, perSecond, bodyBytes }: ApiKey): string {
  return [
    tenant,
    roles.join('+'),
    sha256,
    ...(perSecond ? [`rate=${perSecond}`] : []),
    ...(bodyBytes ? [`body=${bodyBytes}`] : []),
  ].join(':');
}

/** Creates a key. Its text is shown once; only its owner keeps it. */
export function createApiKey(): { text: string; sha256: string } {
  const text = `dk_${randomBytes(32).toString('base64url')}`;
  return { text, sha256: hashKeyText(text).toString('hex') };
}

/** The id of a key, for people and paths. It says nothing about the key's text. */
export const keyIdOf = ({ sha256 }: Pick<ApiKey, 'sha256'>): string => `key_${sha256.slice(0, 16)}`;

/** Finds the key with this text. Takes the same time for every key and for an unknown text, against timing attacks. */
export function findApiKey(keys: readonly ApiKey[], text: string): ApiKey | undefined {
  const digest = hashKeyText(text);
  let found: ApiKey | undefined;
  for (const key of keys) {
    if (timingSafeEqual(digest, Buffer.from(key.sha256, 'hex'))) found = key;
  }
  return found;
}

const hashKeyText = (text: string) => createHash('sha256').update(text).digest();
