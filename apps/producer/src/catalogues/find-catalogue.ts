import { TENANT } from '@darkroom/api';
import { CATALOGUES_PREFIX, cataloguePrefix } from '@darkroom/catalogue';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';

export interface CatalogueName {
  tenant: string;
  name: string;
}

/** As in a catalogue file. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * The catalogue that a path names. For a key of all tenants, `acme:shoes` names the tenant. Its paths stay relative to each
 * other, which a query would not. Without a tenant, it finds a catalogue whose name only one tenant has.
 *
 * @param part what the catalogue must have in the store: a run, or anything
 * @throws {ProblemError} `catalogue_not_found`.
 */
export async function findCatalogue(
  store: ObjectStore,
  request: FastifyRequest,
  part: 'runs/' | '' = 'runs/',
): Promise<CatalogueName> {
  const { name: text } = request.params as { name: string };
  const own = requireTenant(request);
  const [, prefix, name = ''] = /^(?:([^:]*):)?([^:]*)$/.exec(text) ?? [];
  if (!NAME.test(name) || (prefix !== undefined && !TENANT.test(prefix))) throw notFound();
  if (own !== ALL_TENANTS && prefix !== undefined && prefix !== own) throw notFound();
  return await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
    const exists = async (tenant: string) => {
      const prefix = `${cataloguePrefix(tenant, name)}${part}`;
      const page = await store.list({ prefix, limit: 1, signal });
      return page.objects.length > 0;
    };
    const tenant = prefix ?? own;
    if (tenant !== ALL_TENANTS) {
      if (await exists(tenant)) return { tenant, name };
      throw notFound();
    }
    const tenants = await store.listFolders({ prefix: CATALOGUES_PREFIX, signal });
    const found: string[] = [];
    for (const one of tenants) if (await exists(one)) found.push(one);
    if (found.length > 1)
      throw notFound(`Several tenants have it: ${found.map((one) => `${one}:${name}`).join(', ')}.`);
    if (found[0] === undefined) throw notFound();
    return { tenant: found[0], name };
  });
}

const notFound = (detail = 'There is no catalogue with this name.') =>
  new ProblemError('catalogue_not_found', detail);
