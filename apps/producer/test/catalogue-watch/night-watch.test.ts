import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { catalogueAlarmSchema, catalogueListSchema, catalogueScheduleSchema } from '@darkroom/api';
import { CatalogueRunStore, type RunSummary, type Schedule, ScheduleStore } from '@darkroom/catalogue';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, createOwnRedis, requires, until, withOwnRedis } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ID = { tenant: 'default', catalogue: 'shoes' };
/** 01:00 in Berlin. */
const DUE = Date.parse('2026-11-27T00:00:00Z');
const RUN = '2026-11-27';

const schedule: Schedule = {
  ...ID,
  file: 'the text of a catalogue file',
  cron: '0 1 * * *',
  timeZone: 'Europe/Berlin',
  catchUpMs: 6 * HOUR,
  startGraceMs: 15 * MINUTE,
  finishBy: '06:00',
  minDurationMs: 10 * MINUTE,
  ping: {},
  actor: 'key test',
  readsBuckets: false,
  scheduledAt: DUE - 20 * HOUR,
  since: DUE - 20 * HOUR,
};

/** A clock that a test sets. The rounds of the watch follow each other without a pause. */
function settableClock(start: number) {
  let now = start;
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal),
  };
  return {
    clock,
    set: (time: number) => {
      now = time;
    },
  };
}

async function openWatch(options: Parameters<typeof openHarness>[0] & { schedule?: Partial<Schedule> } = {}) {
  const time = settableClock(DUE);
  const harness = await openHarness({ ...options, wrap: (deps) => ({ ...deps, clock: time.clock }) });
  const schedules = new ScheduleStore(harness.store);
  const runs = new CatalogueRunStore(harness.store);
  await schedules.writeSchedule({ ...schedule, ...options.schedule });
  return { harness, schedules, runs, setTime: time.set };
}

const readAlarms = ({ logs }: Pick<Harness, 'logs'>) =>
  logs()
    .split('\n')
    .filter((line) => line.includes('catalogue alarm: '))
    .map((line) => JSON.parse(line) as { catalogue: string; date: string; code: string; alert: boolean });

type Stores = Pick<Awaited<ReturnType<typeof openWatch>>, 'schedules' | 'runs'>;

/** What a worker writes when it starts a night. */
async function begin({ schedules, runs }: Stores, at: number): Promise<void> {
  await schedules.writeNight(ID, RUN, { outcome: 'started', dueAt: DUE, at, run: RUN });
  await runs.markBegun({ ...ID, run: RUN }, at);
}

async function end({ runs }: Stores, at: number, status: RunSummary['status'], reason: string | null = null) {
  const time = new Date(at).toISOString();
  await runs.writeSummary(
    { ...ID, run: RUN },
    {
      ...ID,
      run: RUN,
      status,
      reason,
      requested_at: time,
      ended_at: time,
      deadline: null,
      rows: 0,
      counts: { items: 0, bought: 0, unchanged: 0, quarantined: 0, not_bought: 0, failed: 0 },
      removed: 0,
      cost: { spent: '0.000', refunded: '0.000', possibly_spent: '0.000' },
      guards: [],
      problems: { count: 0, listed: [] },
      manifest: null,
      source: null,
    },
  );
}

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** A receiver that fails once, and then takes everything. */
async function startReceiver() {
  const received: { id: string; isSigned: boolean; event: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      const signed = `${id}.${String(request.headers['webhook-timestamp'])}.${body}`;
      const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
      const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
      const isSigned = request.headers['webhook-signature'] === signature;
      received.push({ id, isSigned, event: JSON.parse(body) });
      response.writeHead(received.length === 1 ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => void server.close());
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

const readSchedule = async (harness: Harness) =>
  catalogueScheduleSchema.parse(await (await harness.get('/v1/catalogues/shoes/schedule')).json());

withOwnRedis(
  'with everything but the producer stopped, an alarm names the catalogue within a minute after its grace time',
  async () => {
    const redis = await createOwnRedis();
    await redis.start();
    const receiver = await startReceiver();
    const file = `name: shoes\nsource: { path: https://shop.example.com/a.csv }\nkey: sku\nprompt: x\nnotifications: { webhook_url: '${receiver.url}' }\n`;
    const { harness, schedules, setTime } = await openWatch({
      queueUrl: redis.url,
      settings: { ALLOW_PRIVATE_HOSTS: true, WEBHOOK_SECRETS: [{ value: SECRET }] },
      schedule: { file },
    });
    await redis.kill();
    setTime(DUE + 15 * MINUTE);
    await expect(until(() => readAlarms(harness).length > 0, { timeout: 300 })).rejects.toThrow();
    setTime(DUE + 16 * MINUTE);
    await until(() => readAlarms(harness).length > 0);
    expect(readAlarms(harness)).toMatchObject([
      { alert: true, catalogue: 'shoes', date: RUN, code: 'did_not_start' },
    ]);
    expect((await readSchedule(harness)).alarms).toMatchObject([{ code: 'did_not_start', date: RUN }]);

    // The receiver was away at first. It gets the webhook once, signed, and with the same id at each try.
    const alarm = { date: RUN, code: 'did_not_start' as const };
    await until(async () => (await schedules.readAlarmWebhook(ID, alarm)) !== undefined);
    expect(await schedules.readAlarmWebhook(ID, alarm)).toMatchObject({ outcome: 'delivered', attempts: 2 });
    const id = `msg_alarm.default.shoes.${RUN}.did_not_start`;
    expect(receiver.received.map((one) => [one.id, one.isSigned])).toEqual([
      [id, true],
      [id, true],
    ]);
    expect(catalogueAlarmSchema.parse(receiver.received[1]?.event)).toMatchObject({
      data: { catalogue: 'shoes', date: RUN, code: 'did_not_start', run: null },
    });
  },
);

requires('redis').describe('the watch of nights', () => {
  test('two producers raise an alarm once', async () => {
    const { harness, schedules, setTime } = await openWatch();
    const second = settableClock(DUE);
    const other = await openHarness({
      wrap: (deps) => ({ ...deps, store: harness.store, clock: second.clock }),
    });
    setTime(DUE + HOUR);
    second.set(DUE + HOUR);
    await until(() => readAlarms(harness).length + readAlarms(other).length > 0);
    const text = async ({ get }: Harness) => (await get('/metrics')).text();
    const sample = 'darkroom_catalogue_alarm{tenant="default",catalogue="shoes",code="did_not_start"} 1';
    for (const one of [harness, other]) await until(async () => (await text(one)).includes(sample));
    expect(readAlarms(harness).length + readAlarms(other).length).toBe(1);
    expect(await schedules.listAlarms(ID, '2026-11-01')).toHaveLength(1);
    expect(await (await harness.get('/overview')).text()).toContain('A night of shoes: it did not start');
  });

  test('a night that ended with failures raises an alarm, which a later good night ends', async () => {
    const stores = await openWatch();
    const { harness, schedules, runs, setTime } = stores;
    await begin(stores, DUE);
    await end(stores, DUE + HOUR, 'stopped', 'a guard stopped it: stale_source');
    setTime(DUE + HOUR);
    await until(async () => (await readSchedule(harness)).alarms.length > 0);
    expect(await readSchedule(harness)).toMatchObject({
      next_night: { date: '2026-11-28', due_at: '2026-11-28T00:00:00.000Z' },
      last_night: { date: RUN, status: 'stopped' },
      alarms: [{ code: 'ended_with_failures', run: RUN, message: expect.stringContaining('stale_source') }],
    });
    const next = '2026-11-28';
    await schedules.writeNight(ID, next, { outcome: 'started', dueAt: DUE + 24 * HOUR, at: DUE, run: next });
    const summary = (await runs.readSummary({ ...ID, run: RUN })) as RunSummary;
    await runs.writeSummary({ ...ID, run: next }, { ...summary, run: next, status: 'completed' });
    expect((await readSchedule(harness)).alarms).toEqual([]);
  });

  test.each(['ended_with_failures', 'missed'] as const)(
    'a later run that is completed ends %s and all earlier alarms; one that is partial does not',
    async (code) => {
      const stores = await openWatch();
      const { harness, schedules, runs, setTime } = stores;
      await schedules.raiseAlarm(ID, {
        code: 'too_fast',
        date: '2026-11-26',
        run: null,
        message: '',
        at: DUE,
      });
      const missed = {
        outcome: 'missed' as const,
        dueAt: DUE,
        at: DUE,
        reason: 'its catch-up window is over',
      };
      if (code === 'missed') await schedules.writeNight(ID, RUN, missed);
      else await begin(stores, DUE);
      await end(stores, DUE + HOUR, 'partial', '2 failed');
      setTime(DUE + HOUR);
      const readCodes = async () => (await readSchedule(harness)).alarms.map((alarm) => alarm.code);
      await until(async () => (await readCodes()).length === 2);
      const retry = { ...ID, run: `${RUN}-r1` };
      const time = new Date(DUE + 2 * HOUR).toISOString();
      const summary = (await runs.readSummary({ ...ID, run: RUN })) as RunSummary;
      await runs.writeLatest(ID.tenant, {
        version: 1,
        catalogue: ID.catalogue,
        run: retry.run,
        manifest: { key: 'k', sha256: '0'.repeat(64), bytes: 1, items: 1 },
        source: { sha256: '0'.repeat(64), bytes: 1, rows: 1 },
        requested_at: time,
        finished_at: time,
      });
      await runs.writeSummary(retry, { ...summary, run: retry.run, requested_at: time });
      expect(await readCodes()).toEqual(['too_fast', code]);
      await runs.writeSummary(retry, { ...summary, run: retry.run, requested_at: time, status: 'completed' });
      expect(await readCodes()).toEqual([]);
      const sample = 'darkroom_catalogue_alarm{';
      await until(async () => !(await (await harness.get('/metrics')).text()).includes(sample));
    },
  );

  test('a night that was too fast, one that is late and one that was missed raise alarms', async () => {
    const stores = await openWatch();
    const { harness, schedules, setTime } = stores;
    await begin(stores, DUE);
    setTime(DUE + 5 * HOUR + 1);
    await until(() => readAlarms(harness).some(({ code }) => code === 'will_miss_deadline'));
    await end(stores, DUE + 9 * MINUTE, 'completed');
    await until(() => readAlarms(harness).some(({ code }) => code === 'too_fast'));
    const missed = { outcome: 'missed' as const, at: DUE, reason: 'its catch-up window is over' };
    await schedules.writeNight(ID, '2026-11-28', { ...missed, dueAt: DUE + 24 * HOUR });
    setTime(DUE + 24 * HOUR);
    await until(() => readAlarms(harness).some(({ code }) => code === 'missed'));
    expect(readAlarms(harness).map(({ code }) => code)).toEqual(['will_miss_deadline', 'too_fast', 'missed']);
  });

  test("it pings a dead man's switch at the start, the success and a failure, and again after an error", async () => {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.writeHead(requests.length === 1 ? 500 : 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup(() => void server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ping = { start: `${base}/start`, success: `${base}/success`, fail: `${base}/fail` };
    const stores = await openWatch({ settings: { ALLOW_PRIVATE_HOSTS: true }, schedule: { ping } });
    await begin(stores, DUE);
    await until(() => requests.length === 2);
    await end(stores, DUE + HOUR, 'completed');
    stores.setTime(DUE + HOUR);
    await until(() => requests.length === 3);
    await stores.schedules.writeNight(ID, '2026-11-28', {
      outcome: 'missed',
      dueAt: DUE + 24 * HOUR,
      at: DUE,
      reason: 'its catch-up window is over',
    });
    stores.setTime(DUE + 24 * HOUR);
    await until(() => requests.length === 4);
    expect(requests).toEqual(['/start', '/start', '/success', '/fail']);
    expect(stores.harness.logs()).toContain('ping not sent: tried again');
  });

  test('it pings no private address', async () => {
    const ping = { start: 'https://127.0.0.1:9/secret-token' };
    const stores = await openWatch({ schedule: { ping } });
    await begin(stores, DUE);
    await until(() => stores.harness.logs().includes('is not a public address'));
    expect(stores.harness.logs()).not.toContain('secret-token');
  });
});

requires('redis').describe('/v1/catalogues/{name}/schedule', () => {
  const yaml = (more: string, path = 'https://shop.example.com/products.csv') =>
    `name: shoes\nsource: { path: ${path} }\nkey: sku\nprompt: A photo of {{ sku }}\n${more}`;
  const schedules = 'schedule: { cron: 0 1 * * *, time_zone: Europe/Berlin }\n';
  const put = ({ url }: Harness, file: string) =>
    fetch(`${url}/v1/catalogues/shoes/schedule`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ file }),
    });

  test('schedules, replaces and ends a schedule, with entries in the audit log', async () => {
    const { clock } = settableClock(DUE - HOUR);
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, clock }) });
    const response = await put(harness, yaml(schedules));
    expect(response.status).toBe(200);
    expect(catalogueScheduleSchema.parse(await response.json())).toMatchObject({
      next_night: { date: RUN, due_at: '2026-11-27T00:00:00.000Z' },
      last_night: null,
      alarms: [],
    });
    expect((await put(harness, yaml(`${schedules}deadline: 06:00\n`))).status).toBe(200);
    const list = catalogueListSchema.parse(await (await harness.get('/v1/catalogues')).json());
    expect(list.data).toMatchObject([{ name: 'shoes', latest: null, schedule: { cron: '0 1 * * *' } }]);
    const remove = () => fetch(`${harness.url}/v1/catalogues/shoes/schedule`, { method: 'DELETE' });
    expect(catalogueScheduleSchema.parse(await (await remove()).json())).toMatchObject({
      catalogue: 'shoes',
    });
    const problem = await readProblem(await remove());
    expect(problem.code).toBe('catalogue_schedule_not_found');
    const audit = (await (await harness.get('/v1/audit')).json()) as { data: { action: string }[] };
    // At one time of the clock, entries are in no order.
    expect(audit.data.map(({ action }) => action).toSorted()).toEqual([
      'catalogue.schedule',
      'catalogue.schedule',
      'catalogue.unschedule',
    ]);
  });

  test('a file with the same times keeps a night that is due', async () => {
    const { clock, set } = settableClock(DUE - HOUR);
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, clock }) });
    const store = new ScheduleStore(harness.store);
    await put(harness, yaml(schedules));
    set(DUE + HOUR);
    await put(harness, yaml(`${schedules}budget: 5\n`));
    expect((await store.readSchedule(ID))?.since).toBe(DUE - HOUR);
    await put(harness, yaml(schedules.replace('0 1', '30 1')));
    expect((await store.readSchedule(ID))?.since).toBe(DUE + HOUR);
  });

  test.each([
    ['a local source', yaml(schedules, 'products.csv'), 'Put the export on a server'],
    ['no schedule', yaml(''), '`cron` and `time_zone`'],
    [
      'a cron that fires twice on a date',
      yaml('schedule: { cron: "0 1,13 * * *", time_zone: UTC }\n'),
      'runs once per local date',
    ],
    [
      'a cron that never fires',
      yaml('schedule: { cron: 0 1 30 2 *, time_zone: UTC }\n'),
      'with a date that exists',
    ],
  ])('refuses %s, and says what to do', async (_what, file, remedy) => {
    const harness = await openHarness();
    const response = await put(harness, file);
    expect(response.status).toBe(422);
    expect(JSON.stringify(await readProblem(response))).toContain(remedy);
  });
});
