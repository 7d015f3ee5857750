import type { CatalogueAlarmEvent } from '@darkroom/api';
import {
  type AlarmRecord,
  createProblemList,
  formatLocalDate,
  parseCatalogueFile,
  type Schedule,
  type ScheduleStore,
} from '@darkroom/catalogue';
import { type Settings, selectTenantValues } from '@darkroom/shared/config';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { createHeaders, nextWebhookDelay, openPoster } from '@darkroom/shared/webhooks';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';

/** Sends the webhook of each alarm. It needs only the store, so it works while Redis is away. */
export interface AlarmWebhooks {
  /** Begins to send the webhooks of alarms that were raised, and not sent yet. Does not wait for receivers. @throws {StoreError} */
  offer(schedule: Schedule, signal: AbortSignal): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

interface AlarmWebhookDeps {
  schedules: ScheduleStore;
  clock: Clock;
  logger: Logger;
  settings: Pick<
    Settings,
    'WEBHOOK_SECRETS' | 'WEBHOOK_TIMEOUT_MS' | 'ALLOW_PRIVATE_HOSTS' | 'PUBLIC_URL' | 'PORT'
  >;
}

/** The tries of one webhook take about a day. A producer that restarts begins again with the first one. */
const MAX_AGE_MS = 2 * 86_400_000;
/** The others are offered again in the next round. */
const MAX_SENDING = 100;
const MAX_REMEMBERED = 100_000;
const MAX_REASON = 200;

/** Every producer sends, until the store says that one of them has delivered. A receiver knows a webhook by its id. */
export function createAlarmWebhooks(deps: AlarmWebhookDeps): AlarmWebhooks {
  const { schedules, clock, logger, settings } = deps;
  const closing = new AbortController();
  const sending = new Map<string, Promise<void>>();
  const ended = new Set<string>();
  const poster = openPoster({
    allowPrivate: settings.ALLOW_PRIVATE_HOSTS,
    timeoutMs: settings.WEBHOOK_TIMEOUT_MS,
    now: () => clock.now(),
  });

  const send = async (schedule: Schedule, alarm: AlarmRecord, id: string, url: string) => {
    const { signal } = closing;
    const finish = async (outcome: 'delivered' | 'dead', attempts: number, reason: string | null) => {
      const webhook = { outcome, attempts, reason, at: clock.now() };
      await withStoreDeadline(STORE_DEADLINE_MS.small, (limited) =>
        schedules.writeAlarmWebhook(schedule, alarm, webhook, { signal: limited }),
      );
      if (outcome === 'dead')
        logger.error({ alert: true, webhookId: id, reason }, 'webhook of a catalogue alarm failed: given up');
    };
    const body = JSON.stringify(createEvent(schedule, alarm, settings));
    const secrets = selectTenantValues(settings.WEBHOOK_SECRETS, schedule.tenant);
    if (secrets.length === 0)
      return await finish(
        'dead',
        0,
        `no secret to sign with: WEBHOOK_SECRETS has none for ${schedule.tenant}`,
      );
    for (let tries = 1; ; tries += 1) {
      // Another producer may have delivered it.
      const present = await withStoreDeadline(STORE_DEADLINE_MS.small, (limited) =>
        schedules.readAlarmWebhook(schedule, alarm, { signal: limited }),
      );
      if (present) return;
      const headers = createHeaders(id, body, secrets, clock.now());
      const answer = await poster.post(new URL(url), { headers, body }, signal);
      if (answer.kind === 'acknowledged') return await finish('delivered', tries, null);
      signal.throwIfAborted();
      const reason = answer.reason.slice(0, MAX_REASON);
      if (answer.kind !== 'failed') return await finish('dead', tries, reason);
      const hintMs = answer.retryAfterMs;
      const afterMs = nextWebhookDelay({ tries, random: clock.random(), hintMs });
      if (afterMs === undefined) return await finish('dead', tries, reason);
      logger.warn({ webhookId: id, reason, afterMs }, 'webhook of a catalogue alarm not acknowledged');
      await clock.sleep(afterMs, signal);
    }
  };

  const begin = (schedule: Schedule, alarm: AlarmRecord, url: string) => {
    const id = `msg_alarm.${schedule.tenant}.${schedule.catalogue}.${alarm.date}.${alarm.code}`;
    if (sending.has(id) || ended.has(id) || sending.size >= MAX_SENDING) return;
    // What is forgotten is read again.
    if (ended.size > MAX_REMEMBERED) ended.clear();
    const sent = send(schedule, alarm, id, url).then(
      () => void ended.add(id),
      (error: unknown) => {
        // The next round begins again, for example after the store was away.
        if (!closing.signal.aborted)
          logger.warn(
            { webhookId: id, err: errorMessage(error) },
            'webhook of a catalogue alarm not sent: tried again',
          );
      },
    );
    sending.set(
      id,
      sent.finally(() => sending.delete(id)),
    );
  };

  return {
    async offer(schedule, signal) {
      const file = parseCatalogueFile(Buffer.from(schedule.file), createProblemList());
      const url = file?.config.notifications?.webhook_url;
      if (url === undefined) return;
      const now = clock.now();
      const after = formatLocalDate(now - 2 * MAX_AGE_MS, 'UTC');
      for (const alarm of await schedules.listAlarms(schedule, after, { signal }))
        if (now - alarm.at < MAX_AGE_MS) begin(schedule, alarm, url);
    },
    async close() {
      closing.abort();
      await Promise.allSettled(sending.values());
      await poster.close();
    },
  };
}

function createEvent(
  { tenant, catalogue }: Schedule,
  { code, date, run, message, at }: AlarmRecord,
  { PUBLIC_URL, PORT }: AlarmWebhookDeps['settings'],
): CatalogueAlarmEvent {
  const base = PUBLIC_URL ?? `http://127.0.0.1:${PORT}`;
  const path = `${base}/v1/catalogues/${catalogue}/runs/${run}?tenant=${tenant}`;
  return {
    type: 'catalogue.alarm',
    timestamp: new Date(at).toISOString(),
    data: { tenant, catalogue, date, run, code, message, links: { run: run === null ? null : path } },
  };
}
