import type { Settings } from '../config/index.ts';
import { type Engine, type OpenEngineOptions, openEngine } from '../engine/index.ts';
import { type ObjectStore, openStore } from '../object-store/index.ts';
import type { Clock } from '../runtime/index.ts';

/** Opens the queue engine that the settings name. See `openEngine` for its errors. */
export function openEngineFor(
  settings: Settings,
  role: OpenEngineOptions['role'],
  onError: OpenEngineOptions['onError'],
): Promise<Engine> {
  const { QUEUE_URL: queueUrl, DATA_DIR: dataDir, QUEUE_PREFIX: prefix } = settings;
  return openEngine({ queueUrl, dataDir, role, prefix, onError });
}

/** Opens the object store that the settings name. See `openStore` for its errors. */
export function openStoreFor(settings: Settings, clock: Clock): Promise<ObjectStore> {
  const { STORE_URL: storeUrl, DATA_DIR: dataDir, S3_ENDPOINT: endpoint, AWS_REGION: region } = settings;
  return openStore({
    storeUrl,
    dataDir,
    s3: { ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) },
    clock,
  });
}
