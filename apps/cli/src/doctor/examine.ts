import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createProvider } from '@darkroom/providers';
import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { openQueues } from '@darkroom/shared/queues';
import { errorMessage } from '@darkroom/shared/runtime';
import { openEngineFor, openStoreFor } from '@darkroom/shared/service';
import type { Host } from '../host.ts';
import { type Check, fail, type Patient } from './check.ts';
import { checkEngine } from './check-engine.ts';
import { checkProvider } from './check-provider.ts';
import { checkQueues } from './check-queues.ts';
import { checkSettings } from './check-settings.ts';
import { checkStore } from './check-store.ts';
import { checkWebhooks } from './check-webhooks.ts';
import { checkWorkers } from './check-workers.ts';

export interface ExamineOptions {
  /** A receiver of webhooks to check besides WEBHOOK_URLS. */
  webhook?: string | undefined;
  /** Whether the settings with their default are listed, too. */
  showAll?: boolean;
}

/** Checks everything that the settings name. It writes nothing besides probes that it deletes. */
export async function examine(
  { env, clock, signal }: Pick<Host, 'env' | 'clock' | 'signal'>,
  { webhook, showAll = false }: ExamineOptions = {},
): Promise<Check[]> {
  const { settings, checks } = checkSettings(env, { showAll });
  if (!settings) return checks;
  const problems: Check[] = [];
  const engine = await openEngine(settings, problems);
  const store = await openStore(settings, clock, problems);
  const provider = settings.TOAPIS_API_KEY ? createProvider(settings, clock) : undefined;
  const patient: Patient = {
    settings,
    clock,
    signal,
    ...(engine ? { engine } : {}),
    ...(store ? { store } : {}),
    ...(provider ? { provider } : {}),
  };
  try {
    const engineChecks = await checkEngine(patient);
    // While Redis is away, every question about the queues would wait and fail with the same reason.
    const isAway = engineChecks.some(({ name, status }) => name === 'queue' && status === 'fail');
    const ready: Patient =
      engine && !isAway
        ? { ...patient, queues: openQueues(engine, { days: settings.RETENTION_DAYS }) }
        : patient;
    return [
      ...checks,
      ...problems,
      ...engineChecks,
      ...(await checkStore(ready)),
      ...(await checkProvider(ready)),
      ...(await checkWebhooks(ready, webhook)),
      ...(await checkQueues(ready)),
      ...(await checkWorkers(ready)),
    ];
  } finally {
    await Promise.allSettled([engine?.close(), store?.close(), provider?.close()]);
  }
}

/** The embedded engine belongs to the process that runs it, and opening it would create a database. */
async function openEngine(settings: Settings, problems: Check[]): Promise<Engine | undefined> {
  if (!settings.QUEUE_URL) return undefined;
  try {
    return await openEngineFor(settings, 'cli', () => undefined);
  } catch (error) {
    problems.push(fail('queue', errorMessage(error), 'Correct QUEUE_URL, or the rights of its user.'));
    return undefined;
  }
}

async function openStore(
  settings: Settings,
  clock: Host['clock'],
  problems: Check[],
): Promise<ObjectStore | undefined> {
  // Opening a folder creates it.
  if (!settings.STORE_URL && !existsSync(join(settings.DATA_DIR, 'store'))) return undefined;
  try {
    return await openStoreFor(settings, clock);
  } catch (error) {
    problems.push(fail('store', errorMessage(error), 'Correct STORE_URL.'));
    return undefined;
  }
}
