import { defineCommand } from '../../command/index.ts';
import { formatFacts, formatTime, showSafely } from '../../output/index.ts';
import { explainRender } from './explain.ts';
import { formatForecast, showStatus } from './render-view.ts';

export const whyCommand = defineCommand({
  path: 'renders why',
  summary: 'Say why a render waits or failed, what that means, and which command helps.',
  args: [{ name: '<id>', text: 'the id of a render: rnd_…' }],
  examples: ['renders why rnd_5f1c…', 'renders why rnd_5f1c… --json code,commands'],
  fields: [
    'id',
    'status',
    'code',
    'message',
    'meaning',
    'advice',
    'resolves_itself',
    'actor',
    'owner',
    'since',
    'until',
    'retry_at',
    'also',
    'queue_position',
    'provider',
    'eta',
    'eta_p90',
    'eta_reason',
    'commands',
  ],
  uses: 'api',
  page: ([id = '']) => `renders/${encodeURIComponent(id)}`,
  run: async ({ args: [id = ''], api, host, style }) => {
    const client = await api();
    const render = await client.renders.get(id, { signal: host.signal });
    const explanation = explainRender(render);
    const { error, waiting_for: waiting, queue_position: position } = render;
    const message = error?.message ?? waiting?.reason ?? null;
    const data = {
      id: render.id,
      status: render.status,
      message,
      actor: waiting?.actor ?? null,
      owner: waiting?.owner ?? null,
      since: waiting?.since ?? null,
      until: waiting?.until ?? null,
      retry_at: waiting?.retry_at ?? null,
      also: waiting?.also ?? [],
      queue_position: position,
      provider: render.provider,
      eta: render.eta,
      eta_p90: render.eta_p90,
      eta_reason: render.eta_reason,
      ...explanation,
    };
    const now = host.clock.now();
    const facts = formatFacts([
      ['status', showStatus(render, style)],
      ['reason', explanation.code === render.status ? undefined : style('bold', explanation.code)],
      ['message', message === null ? undefined : showSafely(message)],
      ['pause', waiting?.name ?? undefined],
      ['owner', waiting?.owner ?? undefined],
      ['by', waiting?.actor ?? undefined],
      ['since', waiting?.since ? formatTime(waiting.since, now) : undefined],
      ['until', waiting?.until ? formatTime(waiting.until, now) : undefined],
      ['next try', waiting?.retry_at ? formatTime(waiting.retry_at, now) : undefined],
      ...formatForecast(render, now),
    ]);
    const commands = explanation.commands.map((command) => `  ${command}\n`).join('');
    return {
      data,
      text: `${facts}\n${explanation.meaning}\n${explanation.advice}\n${commands && `\n${commands}`}`,
    };
  },
});
