import type { Account } from './billing/account.ts';
import type { PurchaseLog } from './billing/purchase-log.ts';
import type { Clock } from './clock.ts';
import type { FaultSchedule } from './faults/fault-schedule.ts';
import type { ImageFiles } from './images/image-files.ts';
import type { Settings } from './options.ts';
import type { AccountQuota } from './quota.ts';
import type { Random } from './random.ts';
import type { RequestCounter } from './requests.ts';
import type { Blobs } from './storage/blobs.ts';
import type { Journal } from './storage/journal.ts';
import type { Task } from './tasks/task.ts';
import type { TaskControl } from './tasks/task-control.ts';
import type { TaskSpec } from './tasks/task-plan.ts';
import type { TaskStore } from './tasks/task-store.ts';
import type { WebhookSender } from './webhooks/webhook-sender.ts';

/** What the routes work on. */
export interface SimulatorContext {
  settings: Settings;
  clock: Clock;
  tasks: TaskStore;
  control: TaskControl;
  account: Account;
  purchases: PurchaseLog;
  quota: AccountQuota;
  faults: FaultSchedule;
  requests: RequestCounter;
  blobs: Blobs;
  images: ImageFiles;
  journal: Journal;
  webhooks: WebhookSender | undefined;
  uploadRandom: Random;
  planTask(spec: TaskSpec): Task;
  /** The base of result and upload URLs. */
  getPublicUrl(): string;
}
