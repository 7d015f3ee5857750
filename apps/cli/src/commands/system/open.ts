import { RENDER_ID } from '@darkroom/api';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';

/** The pages besides those of renders. */
const PAGES: Record<string, string> = {
  home: '',
  dashboard: 'queues',
  'dead-letters': 'dead-letters',
  redrives: 'redrives',
  keys: 'keys',
  reference: 'reference',
  problems: 'problems',
};

export const openCommand = defineCommand({
  path: 'open',
  summary: 'Print the URL of a page, and open it in a browser if there is a terminal.',
  args: [
    {
      name: '[page]',
      text: `the id of a render, or one of ${Object.keys(PAGES).join(', ')} (default: home)`,
    },
  ],
  examples: ['open', 'open rnd_5f1c…', 'open dashboard', 'open dashboard --json url'],
  fields: ['url'],
  uses: 'api',
  run: async ({ args: [page = 'home'], api, host, isJson }) => {
    const path = Object.hasOwn(PAGES, page)
      ? PAGES[page]
      : RENDER_ID.test(page)
        ? `renders/${page}`
        : undefined;
    if (path === undefined)
      throw new CliError(
        EXIT.usage,
        `page: expected the id of a render, or one of ${Object.keys(PAGES).join(', ')}, received ${JSON.stringify(page)}`,
      );
    const url = (await api()).pageUrl(path);
    if (!isJson && host.isOutTerminal) await host.openPage(url);
    return { data: { url }, text: `${url}\n` };
  },
});
