import { CATALOGUE_NAME, CATALOGUE_RUN, DIGEST } from '@darkroom/api';
import type { RunId } from '@darkroom/catalogue';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireTenant } from '../access/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';

/** The tenant of the key. A key for all tenants names one. @throws {ProblemError} `invalid_request`. */
export function chooseTenant(request: FastifyRequest, wanted: string | undefined): string {
  const own = requireTenant(request);
  if (own === ALL_TENANTS) return wanted ?? 'default';
  if (wanted === undefined || wanted === own) return own;
  throw invalidRequest([{ field: 'tenant', expected: own, received: wanted }]);
}

const pathSchema = z.object({
  name: z.string().regex(CATALOGUE_NAME),
  run: z.string().regex(CATALOGUE_RUN).optional(),
  sha256: z.string().regex(DIGEST).optional(),
});

/** @throws {ProblemError} `catalogue_run_not_found` for a path that names nothing. */
function readPath(request: FastifyRequest) {
  const path = pathSchema.safeParse(request.params);
  if (path.success) return path.data;
  throw new ProblemError('catalogue_run_not_found', 'No catalogue and no run can have this name.');
}

export const readName = (request: FastifyRequest): string => readPath(request).name;
export const readRunId = (request: FastifyRequest, tenant: string): RunId => {
  const { name, run = '' } = readPath(request);
  return { tenant, catalogue: name, run };
};

export function readDigest(request: FastifyRequest): string {
  const path = pathSchema.safeParse(request.params);
  if (path.data?.sha256 !== undefined) return path.data.sha256;
  throw new ProblemError('catalogue_file_not_found', 'The path needs a name and a SHA-256 as 64 hex digits.');
}
