import { join } from 'node:path';
import { Account, createPurchaseLog, type PurchaseLog } from './billing/index.ts';
import type { Clock } from './clock.ts';
import type { SimulatorContext, SimulatorRecord } from './context.ts';
import { type FaultControl, FaultSchedule } from './faults/index.ts';
import { buildServer } from './http/index.ts';
import { createImageFiles } from './images/index.ts';
import { resolveSettings, type Settings, type SimulatorOptions } from './options.ts';
import { createAccountQuota } from './quota.ts';
import { createStream, drawSeed } from './random.ts';
import { RequestCounter, type RequestLog } from './requests.ts';
import { createMemoryBlobs, type Journal, NO_JOURNAL, openBlobFolder, openJournal } from './storage/index.ts';
import { createTaskControl, planTask, type Task, type TaskControl, TaskStore } from './tasks/index.ts';
import { type WebhookProgress, WebhookSender } from './webhooks/index.ts';

export interface Simulator {
  /** The server's address, without a trailing slash. */
  url: string;
  /** The first accepted API key. */
  apiKey: string;
  /** The purchase log: every task and its cost. */
  book: PurchaseLog;
  faults: FaultControl;
  requests: RequestLog;
  tasks: TaskControl;
  clock: Clock;
  /** Sets the remaining balance in dollars; null means unlimited. */
  setBalance(dollars: number | null): Promise<void>;
  /** Sends `endpoint.test` if a webhook is configured. */
  sendTestWebhook(): void;
  /** Closes all connections, also hanging ones, and writes the journal to the disk. Can be called twice. */
  close(): Promise<void>;
}

/** Starts a server. Several servers can run in one process. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = resolveSettings(options, drawSeed());
  const { clock } = settings;
  const [apiKey] = settings.apiKeys;
  if (apiKey === undefined) throw new Error('apiKeys must have at least one key');
  const { journal, records } = await openStorage(settings);
  const earlier = replayRecords(records);

  let ownUrl = '';
  const getPublicUrl = (): string => settings.resultHost ?? ownUrl;
  // A restart with the same seed must not draw the same ids again.
  const createRandom = (purpose: string) => createStream(settings.seed + records.length, purpose);
  const faults = new FaultSchedule(clock, createRandom('faults'), settings.timeScale);
  faults.set(settings.faults);
  const { webhook: target, timeScale } = settings;
  const webhooks =
    target &&
    new WebhookSender({
      target,
      clock,
      timeScale,
      faults,
      journal,
      resultBase: getPublicUrl,
      fetch: settings.fetch,
      progress: earlier.webhooks,
    });
  // A webhook contains the result's URL. Tasks that ended before this start wait until the address is known.
  const endedEarly: Task[] = [];
  const tasks = new TaskStore(clock, (task) => {
    if (ownUrl === '') endedEarly.push(task);
    else webhooks?.sendTaskEnd(task);
  });
  for (const task of earlier.tasks) tasks.add(task);
  const account = new Account(tasks, journal, (earlier.deposited ?? { amount: settings.balance }).amount);
  const blobs =
    settings.dataDir === undefined
      ? createMemoryBlobs()
      : await openBlobFolder(join(settings.dataDir, 'blobs'));
  const randoms = {
    id: createRandom('id'),
    latency: createRandom('latency'),
    format: createRandom('format'),
  };
  const isTaken = (id: string): boolean => tasks.has(id);
  const context: SimulatorContext = {
    settings,
    clock,
    tasks,
    account,
    faults,
    blobs,
    journal,
    webhooks,
    getPublicUrl,
    control: createTaskControl(tasks, clock, journal),
    purchases: createPurchaseLog(tasks, () => clock.now()),
    quota: createAccountQuota(settings.quota, clock),
    requests: new RequestCounter(),
    images: createImageFiles(blobs, settings.instant),
    uploadRandom: createRandom('uploads'),
    planTask: (spec) => planTask(spec, { settings, clock, faults, randoms, isTaken }),
  };

  const app = await buildServer(context);
  try {
    ownUrl = await app.listen({ port: settings.port, host: settings.host });
  } catch (error) {
    // The next server on the same folder must not share the journal with this one.
    await closeAll();
    throw error;
  }
  for (const task of endedEarly) webhooks?.sendTaskEnd(task);
  tasks.processEnds();

  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    tasks.close();
    webhooks?.close();
    await app.close();
    await journal.close();
  }
  return {
    url: ownUrl,
    apiKey,
    clock,
    faults,
    book: context.purchases,
    requests: context.requests,
    tasks: context.control,
    setBalance: (dollars) => account.setRemaining(dollars),
    sendTestWebhook: () => webhooks?.sendTest(),
    close: () => (closing ??= closeAll()),
  };
}

async function openStorage(
  settings: Settings,
): Promise<{ journal: Journal<SimulatorRecord>; records: SimulatorRecord[] }> {
  if (settings.dataDir === undefined) return { journal: NO_JOURNAL, records: [] };
  return openJournal<SimulatorRecord>(join(settings.dataDir, 'journal.jsonl'));
}

interface EarlierState {
  tasks: Task[];
  webhooks: Map<string, WebhookProgress>;
  deposited: { amount: number | null } | undefined;
}

/** Restores the state of an earlier run. Ends are computed again from each task's plan, so no refund counts twice. */
function replayRecords(records: readonly SimulatorRecord[]): EarlierState {
  const tasks = new Map<string, Task>();
  const webhooks = new Map<string, WebhookProgress>();
  let deposited: EarlierState['deposited'];
  for (const record of records) {
    switch (record.type) {
      case 'task':
        tasks.set(record.task.id, { ...record.task, endProcessed: false, refunded: 0 });
        break;
      case 'webhook':
        webhooks.set(record.taskId, { attempts: record.attempts, done: record.done });
        break;
      case 'balance':
        deposited = { amount: record.deposited };
        break;
    }
  }
  return { tasks: [...tasks.values()], webhooks, deposited };
}
