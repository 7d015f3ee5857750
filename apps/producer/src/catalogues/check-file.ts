import {
  type CatalogueConfig,
  classifyLocation,
  createProblemList,
  parseCatalogueFile,
} from '@darkroom/catalogue';
import { type Settings, selectTenantValues } from '@darkroom/shared/config';
import { checkWebhookUrl } from '@darkroom/shared/net';

import { type FieldProblem, invalidRequest } from '../problems/index.ts';

/** Who sends a catalogue file. */
export interface FileCaller {
  tenant: string;
  /** Of the path of the request. */
  catalogue: string;
  readsBuckets: boolean;
  settings: Pick<Settings, 'WEBHOOK_SECRETS' | 'ALLOW_PRIVATE_HOSTS'>;
}

/**
 * Parses the catalogue file of a request for a run.
 *
 * @throws {ProblemError} `invalid_request` with the problems of the catalogue file, and their lines
 */
export function checkFile(
  { file: text, files }: { file: string; files?: string | undefined },
  caller: FileCaller,
): CatalogueConfig {
  const config = parseFile(text);
  const found = checkCaller(config, caller);
  if (classifyLocation(config.source.path) === 'path' && files === undefined)
    found.push({ field: 'files', expected: 'the list of uploaded files', received: 'nothing' });
  if (found.length > 0) throw invalidRequest(found);
  return config;
}

/** Parses the catalogue file of a schedule. @throws {ProblemError} `invalid_request` */
export function checkScheduledFile(
  text: string,
  caller: FileCaller,
): CatalogueConfig & { schedule: NonNullable<CatalogueConfig['schedule']> } {
  const config = parseFile(text);
  const { schedule, source } = config;
  const found = checkCaller(config, caller);
  if (classifyLocation(source.path) === 'path')
    found.push({
      field: 'file, source.path',
      expected:
        'an https:// or s3:// URL, because a worker reads the source of each night, and an uploaded file never changes. Put the export on a server or into a bucket',
      received: 'a path',
    });
  if (!schedule)
    found.push({ field: 'file, schedule', expected: '`cron` and `time_zone`', received: 'nothing' });
  if (found.length > 0 || !schedule) throw invalidRequest(found);
  return { ...config, schedule };
}

function parseFile(text: string): CatalogueConfig {
  const problems = createProblemList();
  const file = parseCatalogueFile(Buffer.from(text), problems);
  if (file) return file.config;
  throw invalidRequest(
    problems.listed.map(({ line, field, message }) => ({
      field: ['file', line === null ? '' : `line ${line}`, field ?? ''].filter(Boolean).join(', '),
      expected: message,
      received: 'this file',
    })),
  );
}

function checkCaller(
  { name, tenant, source, notifications }: CatalogueConfig,
  caller: FileCaller,
): FieldProblem[] {
  const found: FieldProblem[] = [];
  const check = (isValid: boolean, field: string, expected: string, received: string) => {
    if (!isValid) found.push({ field, expected, received });
  };
  check(name === caller.catalogue, 'file, name', `${caller.catalogue}, as the path of the request`, name);
  if (tenant !== undefined)
    check(tenant === caller.tenant, 'file, tenant', `${caller.tenant}, the tenant of the key`, tenant);
  check(
    classifyLocation(source.path) !== 's3' || caller.readsBuckets,
    'file, source.path',
    'a path or an https:// URL: a bucket is read with the rights of a worker, so the key needs the role operate',
    's3://',
  );
  const webhook = notifications && checkWebhookUrl(new URL(notifications.webhook_url), toRules(caller));
  if (webhook) found.push({ ...webhook, field: 'file, notifications.webhook_url' });
  return found;
}

const toRules = ({ tenant, settings }: FileCaller) => ({
  signed: selectTenantValues(settings.WEBHOOK_SECRETS, tenant).length > 0,
  allowPrivate: settings.ALLOW_PRIVATE_HOSTS,
});
