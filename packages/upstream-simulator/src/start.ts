import { join } from 'node:path';
import { Account } from './billing/account.ts';
import { createPurchaseLog, type PurchaseLog } from './billing/purchase-log.ts';
import type { Clock } from './clock.ts';
import type { SimulatorContext } from './context.ts';
import { type FaultControl, FaultSchedule } from './faults/fault-schedule.ts';
import { buildServer } from './http/server.ts';
import { createImageFiles } from './images/image-files.ts';
import { resolveSettings, type Settings, type SimulatorOptions } from './options.ts';
import { createAccountQuota } from './quota.ts';
import { createStream, drawSeed } from './random.ts';
import { RequestCounter, type RequestLog } from './requests.ts';
import { createMemoryBlobs, openBlobFolder } from './storage/blobs.ts';
import { type JournalRecord, NO_JOURNAL, openJournal } from './storage/journal.ts';
import type { Task } from './tasks/task.ts';
import { createTaskControl, type TaskControl } from './tasks/task-control.ts';
import { planTask } from './tasks/task-plan.ts';
import { TaskStore } from './tasks/task-store.ts';
import { type WebhookProgress, WebhookSender } from './webhooks/webhook-sender.ts';

export interface Simulator {
  /** Its address, without a trailing slash. */
  url: string;
  /** The first of its keys. */
  apiKey: string;
  book: PurchaseLog;
  faults: FaultControl;
  requests: RequestLog;
  tasks: TaskControl;
  clock: Clock;
  /** Dollars left from now on; null is unlimited. */
  setBalance(dollars: number | null): Promise<void>;
  /** Sends `endpoint.test` to the webhook, if there is one. */
  sendTestWebhook(): void;
  /** Closes all connections, hung ones too, and brings the journal to the disk. May be called twice. */
  close(): Promise<void>;
}

/** Starts a server of its own; any number of them can run in one process. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = resolveSettings(options, drawSeed());
  const { clock } = settings;
  const [apiKey] = settings.apiKeys;
  if (apiKey === undefined) throw new Error('apiKeys must have at least one key');
  const { journal, records } = await openStorage(settings);
  const earlier = replay(records);

  let ownUrl = '';
  const getPublicUrl = (): string => settings.resultHost ?? ownUrl;
  // A restart must not draw the same ids again.
  const random = (purpose: string) => createStream(settings.seed + records.length, purpose);
  const faults = new FaultSchedule(clock, random('faults'), settings.timeScale);
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
  // A webhook carries the result's URL: what ended while the server was away waits for its address.
  const endedEarly: Task[] = [];
  const tasks = new TaskStore(clock, (task) => {
    if (ownUrl === '') endedEarly.push(task);
    else webhooks?.sendTaskEnd(task);
  });
  for (const task of earlier.tasks) tasks.add(task);
  const account = new Account(tasks, journal, earlier.deposited ?? { amount: settings.balance });
  const blobs =
    settings.dataDir === undefined
      ? createMemoryBlobs()
      : await openBlobFolder(join(settings.dataDir, 'blobs'));
  const randoms = { id: random('id'), latency: random('latency'), format: random('format') };
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
    uploadRandom: random('uploads'),
    planTask: (spec) => planTask(spec, { settings, clock, faults, randoms, isTaken }),
  };

  const app = await buildServer(context);
  try {
    ownUrl = await app.listen({ port: settings.port, host: settings.host });
  } catch (error) {
    // Whoever starts another one on the same folder must be alone with it.
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

async function openStorage(settings: Settings) {
  if (settings.dataDir === undefined) return { journal: NO_JOURNAL, records: [] };
  return openJournal(join(settings.dataDir, 'journal.jsonl'));
}

interface Earlier {
  tasks: Task[];
  webhooks: Map<string, WebhookProgress>;
  deposited: { amount: number | null } | undefined;
}

/** What an earlier run left. Ends are worked out again from each task's plan, so refunds are never counted twice. */
function replay(records: readonly JournalRecord[]): Earlier {
  const tasks = new Map<string, Task>();
  const webhooks = new Map<string, WebhookProgress>();
  let deposited: Earlier['deposited'];
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
