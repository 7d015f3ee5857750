import { type CreatePauseRequest, PAUSABLE_QUEUES, type PauseResponse, pauseSchema } from '@darkroom/api';
import { Option } from 'commander';
import type { Api } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { callApi, defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

const FIELDS = Object.keys(pauseSchema.shape);

interface PauseOptions
  extends Pick<CreatePauseRequest, 'name' | 'owner' | 'until' | 'tenant' | 'run' | 'model'> {
  reason?: string;
}

const describeScope = ({ queue, ...scope }: PauseResponse['scope']): string => {
  if (queue) return `the queue ${queue}`;
  const parts = Object.entries(scope).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`],
  );
  return parts.length > 0 ? parts.join(', ') : 'all renders';
};

const formatPauses = (pauses: readonly PauseResponse[], now: number) =>
  formatTable(
    ['NAME', 'PAUSES', 'OWNER', 'SINCE', 'UNTIL', 'REASON'],
    pauses.map(({ name, scope, owner, since, until, reason }) => [
      name,
      describeScope(scope),
      owner ?? '',
      since ? formatTime(since, now) : '',
      until ? formatTime(until, now) : 'resumed',
      showSafely(reason ?? ''),
    ]),
    'Nothing is paused.',
  );

const listCommand = defineCommand({
  path: 'pause list',
  summary: 'List the pauses that stand: of submission, and of whole queues.',
  examples: ['pause list', 'pause list --json name,scope,owner,until'],
  fields: FIELDS,
  uses: 'api',
  page: () => 'overview',
  run: callApi({ send: (client) => client.listPauses(), format: formatPauses }),
});

const pauseCommand = defineCommand<PauseOptions>({
  path: 'pause',
  summary: 'Pause the submission of all renders, or of a tenant, a run or a model; or pause a whole queue.',
  details:
    'Renders at the provider go on, and nothing is lost. Pauses stack: a render goes on when its last pause has ended. No worker ends a pause before its --until. With the name of a queue, all jobs of this queue wait, also of renders that are paid.',
  args: [{ name: '[queue]', text: 'a whole queue', choices: PAUSABLE_QUEUES }],
  options: [
    new Option('--reason <text>', 'why; required; callers of waiting renders see it'),
    new Option('--tenant <name>', 'only renders of this tenant'),
    new Option('--run <name>', 'only renders of this run'),
    new Option('--model <name>', 'only renders of this model'),
    new Option('--name <name>', 'by this name the pause is ended'),
    new Option('--owner <name>', 'the person or machine that knows when it can end'),
    new Option('--until <time>', 'when it ends by itself, such as 2026-11-22T16:00:00Z'),
  ],
  examples: [
    "pause --tenant acme --reason 'wrong prompt template' --name acme-template --owner ann",
    "pause --run night-12 --reason 'budget review' --until 2026-11-22T16:00:00Z",
    "pause submit --reason 'the provider has an outage'",
  ],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [queue], options, api, host, confirm }) => {
    const { reason, tenant, run, model, name, owner, until } = options;
    // commander would require a mandatory option for `pause list`, too.
    if (reason === undefined)
      throw new CliError(EXIT.usage, "required option '--reason <text>' not specified");
    const client = await api();
    if (queue !== undefined) {
      const given = Object.entries({ tenant, run, model, name, owner, until }).find(([, value]) => value);
      if (given)
        throw new CliError(EXIT.usage, `--${given[0]}: expected no value, because a whole queue is paused`);
      await confirm(`Pause the queue ${queue} for all tenants?`);
      await client.pauseQueue(queue, reason);
      const data = (await client.listPauses()).filter(({ scope }) => scope.queue === queue);
      return { data: data[0] ?? {}, text: formatPauses(data, host.clock.now()) };
    }
    const scope = { tenant: tenant ?? null, run: run ?? null, model: model ?? null, queue: null };
    await confirm(`Pause the submission of ${describeScope(scope)}?`);
    const given = Object.entries({ reason, tenant, run, model, name, owner, until });
    const data = await client.createPause(
      Object.fromEntries(given.filter(([, value]) => value !== undefined)) as CreatePauseRequest,
    );
    return { data, text: formatPauses([data], host.clock.now()) };
  },
});

/** A queue that is not paused stays as it is. @returns the pause that has ended */
async function resumeQueue(client: Api, queue: string): Promise<PauseResponse> {
  const known = (await client.listPauses()).find(({ scope }) => scope.queue === queue);
  await client.resumeQueue(queue);
  const none = { tenant: null, run: null, model: null };
  const scope = { ...none, queue: queue as PauseResponse['scope']['queue'] };
  const unknown = { reason: null, owner: null, actor: null, since: null, until: null };
  return known ?? { object: 'pause', name: `queue-${queue}`, scope, ...unknown };
}

const resumeCommand = defineCommand({
  path: 'resume',
  summary: 'End a pause. Renders that no other pause holds back go on at once.',
  args: [{ name: '<name>', text: 'the name of the pause, or of a paused queue' }],
  examples: ['resume acme-template', 'resume submit --yes --json name,scope'],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [name = ''], api, host, confirm }) => {
    const client = await api();
    const queue = (PAUSABLE_QUEUES as readonly string[]).includes(name);
    await confirm(queue ? `Resume the queue ${name}?` : `End the pause ${name}?`);
    const data = queue ? await resumeQueue(client, name) : await client.endPause(name);
    const ended = `Ended: ${data.name} (${describeScope(data.scope)})\n`;
    const left = await client.listPauses();
    const rest =
      left.length === 0 ? '' : `\nThese pauses still stand:\n${formatPauses(left, host.clock.now())}`;
    return { data, text: `${ended}${rest}` };
  },
});

export const PAUSE_COMMANDS = [listCommand, pauseCommand, resumeCommand];
