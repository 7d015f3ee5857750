import { type ApiKey, createApiKey, type Role } from '@darkroom/shared/keys';
import { expect } from 'vitest';
import { envelopeSchema, type Task, taskSchema } from '../../src/toapis/drop-in/schemas.ts';
import type { Harness } from './harness.ts';

export const GENERATIONS = '/v1/images/generations';
export const UPLOADS = '/v1/uploads/images';

/** A key, for the settings and for a caller. */
export function createKey(tenant: string, roles: Role[], more: Partial<ApiKey> = {}) {
  const { text, sha256 } = createApiKey();
  const key: ApiKey = { tenant, roles, sha256, ...more };
  return { key, auth: { authorization: `Bearer ${text}` } };
}

export const submit = (harness: Harness, body: unknown, headers: Record<string, string> = {}) =>
  fetch(harness.url + GENERATIONS, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export const upload = (harness: Harness, bytes: Uint8Array, headers: Record<string, string> = {}) => {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(bytes)]), 'image.bin');
  form.set('purpose', 'generation');
  return fetch(harness.url + UPLOADS, { method: 'POST', headers, body: form });
};

/** The task of a response, checked against its schema. */
export async function readTask(response: Response): Promise<Task> {
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return taskSchema.parse(await response.json());
}

/** The error in the provider's envelope, with its status, checked against its schema. */
export async function readEnvelope(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const { error } = envelopeSchema.parse(await response.json());
  return { status: response.status, ...error };
}
