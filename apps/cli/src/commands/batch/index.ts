// index.ts         batch submit, status, list, cancel, download
// follow-batch.ts  follows a batch to its end
// batch-view.ts    batches as text
// download.ts      writes results and images to a folder
import { open } from 'node:fs/promises';
import { BATCH_ENDPOINTS, type BatchEndpoint, batchSchema, parseCompletionWindow } from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import { type CommandSpec, callApi, defineCommand, readCount } from '../../command/index.ts';
import { formatBatch, formatBatches } from './batch-view.ts';
import { DOWNLOAD_FIELDS, downloadBatch, formatDownload } from './download.ts';
import { exitCodeOf, followBatch } from './follow-batch.ts';

const FIELDS = Object.keys(batchSchema.shape);
const BATCH = { name: '<id>', text: 'the id of a batch: batch_…' };
const tenantOption = () => new Option('--tenant <name>', 'its tenant, with a key of all tenants');

interface OfTenant {
  tenant?: string;
}

interface SubmitOptions {
  window: string;
  endpoint?: BatchEndpoint;
  key?: string;
  wait?: true;
}

const submitCommand = defineCommand<SubmitOptions>({
  path: 'batch submit',
  summary: 'Upload a file with one request per line, and create a batch of it.',
  details: [
    'A worker checks all lines before anything is bought. With --wait, the exit code says how the batch ended: 1 if lines have',
    'problems or no line has an image, 5 if some have none, 4 if it was canceled.',
  ].join('\n'),
  args: [{ name: '<file>', text: 'JSONL with custom_id, method, url and body' }],
  options: [
    new Option('--window <duration>', 'after this time it buys nothing more: 90m, 24h, 7d')
      .argParser(readWindow)
      .default('24h'),
    new Option('--endpoint <url>', 'the url of all lines; by default that of the first line').choices(
      BATCH_ENDPOINTS,
    ),
    new Option('--key <text>', 'idempotency key: the same key is always the same batch'),
    new Option('--wait', 'follow the batch until it has ended'),
  ],
  examples: [
    'batch submit autumn.jsonl',
    'batch submit autumn.jsonl --window 2h --key autumn-2026 --wait --json status,request_counts',
  ],
  fields: FIELDS,
  uses: 'api',
  run: async ({ args: [path = ''], options, api, host }) => {
    const client = await api();
    const endpoint = options.endpoint ?? (await readEndpoint(path));
    const { id } = await client.uploadBatchFile(path);
    const request = { input_file_id: id, endpoint, completion_window: options.window };
    const created = await client.createBatch(request, options.key);
    const data = options.wait
      ? await followBatch(client, { id: created.id, tenant: undefined }, host)
      : created;
    const text = formatBatch(data, host.clock.now());
    return { data, text, ...(options.wait ? { exitCode: exitCodeOf(data) } : {}) };
  },
});

function readWindow(text: string): string {
  if (parseCompletionWindow(text) !== undefined) return text;
  throw new InvalidArgumentError('expected a duration from 1m to 30d, such as 24h.');
}

/** The `url` of the first line. A line that cannot be read is reported by the server, with all other problems. */
async function readEndpoint(path: string): Promise<BatchEndpoint> {
  const file = await open(path);
  try {
    for await (const text of file.readLines()) {
      const [, url] = /"url"\s*:\s*"([^"]*)"/.exec(text) ?? [];
      const known = BATCH_ENDPOINTS.find((endpoint) => endpoint === url);
      if (known) return known;
      if (text.trim() !== '') break;
    }
  } finally {
    await file.close();
  }
  return BATCH_ENDPOINTS[0];
}

const statusCommand = defineCommand<OfTenant & { wait?: true }>({
  path: 'batch status',
  summary: 'Show a batch: status, counts, problems of its file.',
  args: [BATCH],
  options: [tenantOption(), new Option('--wait', 'follow the batch until it has ended')],
  examples: ['batch status batch_5f1c…', 'batch status batch_5f1c… --wait --json status,request_counts'],
  fields: FIELDS,
  uses: 'api',
  run: async ({ args: [id = ''], options: { tenant, wait }, api, host }) => {
    const client = await api();
    const data = wait
      ? await followBatch(client, { id, tenant }, host)
      : await client.getBatch({ id, tenant });
    const text = formatBatch(data, host.clock.now());
    return { data, text, ...(wait ? { exitCode: exitCodeOf(data) } : {}) };
  },
});

const listCommand = defineCommand<OfTenant & { limit: number }>({
  path: 'batch list',
  summary: 'List batches, the latest first.',
  options: [tenantOption(), new Option('--limit <n>', 'at most this many').argParser(readCount).default(20)],
  examples: ['batch list', 'batch list --json id,status,request_counts'],
  fields: FIELDS,
  uses: 'api',
  run: callApi({
    send: (client, { options: { tenant, limit } }) => client.listBatches(tenant, limit),
    format: formatBatches,
  }),
});

const cancelCommand = defineCommand<OfTenant>({
  path: 'batch cancel',
  summary: 'Cancel a batch: it buys nothing more. Images that are bought are still stored.',
  args: [BATCH],
  options: [tenantOption()],
  examples: ['batch cancel batch_5f1c…', 'batch cancel batch_5f1c… --yes --json status'],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: callApi({
    ask: ({ args: [id] }) => `Cancel the batch ${id}? Its lines that were not bought get no image.`,
    send: (client, { args: [id = ''], options: { tenant } }) => client.cancelBatch({ id, tenant }),
    format: formatBatch,
  }),
});

const downloadCommand = defineCommand<OfTenant & { to: string; images?: true }>({
  path: 'batch download',
  summary: 'Write the results of a batch to a folder: output.jsonl and errors.jsonl.',
  details:
    'At any time: while the batch goes on, it writes the results so far. With --images, it also writes each image under its custom_id. Images that the folder has are not downloaded again.',
  args: [BATCH],
  options: [
    tenantOption(),
    new Option('--to <folder>', 'where to write them').default('.'),
    new Option('--images', 'also download the images'),
  ],
  examples: [
    'batch download batch_5f1c…',
    'batch download batch_5f1c… --to autumn --images --json completed,failed',
  ],
  fields: DOWNLOAD_FIELDS,
  uses: 'api',
  run: async ({ args: [id = ''], options: { tenant, to, images = false }, api, host }) => {
    const data = await downloadBatch(await api(), { id, tenant }, { to, images, host });
    return { data, text: formatDownload(data) };
  },
});

export const BATCH_COMMANDS: readonly CommandSpec<never>[] = [
  submitCommand,
  statusCommand,
  listCommand,
  cancelCommand,
  downloadCommand,
];
