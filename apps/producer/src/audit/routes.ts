import { AUDIT_TARGETS, type AuditListResponse, type AuditTargetKind, auditListSchema } from '@darkroom/api';
import { type AuditEntry, type AuditList, listAuditEntries } from '@darkroom/shared/audit';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { hasRole, requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { readQuery, wholeNumber } from '../http/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { toAuditResponse } from './audit-response.ts';

const DEFAULT_LIMIT = 50;

/** `/v1/audit`. */
export function registerAudit(app: FastifyInstance, store: ObjectStore): void {
  registerEndpoints(app, '/v1/audit', { GET: listEndpoint(store) });
}

const listEndpoint = (store: ObjectStore): Endpoint => ({
  needs: 'operate',
  doc,
  run: async (request, reply) => {
    const { list: wanted, limit, cursor, isVisible } = readAuditQuery(request);
    const { entries, cursor: next } = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      listAuditEntries(store, wanted, { limit, cursor, signal }),
    );
    const list: AuditListResponse = {
      object: 'list',
      data: entries.filter(isVisible).map(toAuditResponse),
      next_cursor: next === undefined ? null : Buffer.from(next).toString('base64url'),
    };
    return await reply.send(list);
  },
});

/**
 * Which entries a caller asks for, and which of them it may see.
 *
 * @throws {ProblemError} `invalid_request`.
 */
export function readAuditQuery(request: FastifyRequest) {
  const { target, limit, cursor } = readQuery(listParams, request);
  const own = requireTenant(request);
  // Without keys, the only tenant is also the operator.
  const tenant = request.caller && hasRole(request.caller, 'operator') ? ALL_TENANTS : own;
  return {
    list: chooseList(tenant, target),
    limit: limit ?? DEFAULT_LIMIT,
    cursor,
    isVisible: (entry: AuditEntry) => tenant === ALL_TENANTS || entry.tenant === tenant,
  };
}

function chooseList(tenant: string, target: { kind: AuditTargetKind; id: string } | undefined): AuditList {
  if (target) return { kind: 'target', target };
  return tenant === ALL_TENANTS ? { kind: 'all' } : { kind: 'tenant', tenant };
}

const TARGET = new RegExp(`^(${AUDIT_TARGETS.join('|')}):([\\w.:-]{1,200})$`);
const ENTRY_NAME = /^\d{13}-aud_[0-9a-f]{24}\.json$/;

const listParams = z.object({
  target: z
    .string()
    .transform((text, context) => {
      const [, kind, id] = TARGET.exec(text) ?? [];
      if (kind !== undefined && id !== undefined) return { kind: kind as AuditTargetKind, id };
      const message = `expected a kind and an id, such as render:rnd_… (kinds: ${AUDIT_TARGETS.join(', ')})`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .optional()
    .meta({
      override: { type: 'string' },
      description: 'Only actions on this target: its kind and its id.',
      example: 'render:rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7',
    }),
  limit: wholeNumber(1, 200)
    .optional()
    .meta({ description: `Maximum number of entries in a page; ${DEFAULT_LIMIT} by default.` }),
  cursor: z
    .string()
    .transform((text, context) => {
      const name = Buffer.from(text, 'base64url').toString('utf8');
      if (ENTRY_NAME.test(name)) return name;
      context.addIssue({ code: 'custom', message: 'expected the next_cursor of an earlier page' });
      return z.NEVER;
    })
    .optional()
    .meta({
      override: { type: 'string' },
      description: '`next_cursor` of the previous page, with the same target.',
    }),
});

const doc = {
  operationId: 'listAuditEntries',
  tags: ['Operations'],
  summary: 'List what operators did',
  description: [
    'The audit log, newest first: who did what, when, why, and how it was requested (API, page, dashboard, command line).',
    "A key of one tenant sees the actions on its tenant's renders. An action that was carried out while the store was away",
    'appears when the store answers again.',
  ].join(' '),
  requestParams: { query: listParams },
  responses: {
    '200': jsonResponse('A page of entries.', auditListSchema),
    ...problemResponses('invalid_request', 'store_unavailable'),
  },
};
