import type { Account, BalanceRecord, PurchaseLog } from './billing/index.ts';
import type { Clock } from './clock.ts';
import type { FaultSchedule } from './faults/index.ts';
import type { ImageFiles } from './images/index.ts';
import type { Settings } from './options.ts';
import type { AccountQuota } from './quota.ts';
import type { Random } from './random.ts';
import type { RequestCounter } from './requests.ts';
import type { Blobs, Journal } from './storage/index.ts';
import type { Task, TaskControl, TaskRecord, TaskSpec, TaskStore } from './tasks/index.ts';
import type { WebhookRecord, WebhookSender } from './webhooks/index.ts';

/** One line of the journal. The field names are persisted. */
export type SimulatorRecord = TaskRecord | BalanceRecord | WebhookRecord;

/** The components that the routes use. */
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
  journal: Journal<SimulatorRecord>;
  webhooks: WebhookSender | undefined;
  uploadRandom: Random;
  planTask(spec: TaskSpec): Task;
  /** The base of result and upload URLs, without a trailing slash. */
  getPublicUrl(): string;
}
