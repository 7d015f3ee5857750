import { styleText } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { FAULT_KINDS, type FaultRule, parseFaultFlag } from './faults/index.ts';
import type { SimulatorOptions } from './options.ts';
import { DEFAULT_QUOTA } from './quota.ts';
import type { Latency } from './tasks/index.ts';

export interface Flags {
  options: SimulatorOptions;
  quiet: boolean;
  json: boolean;
}

interface ParsedOptions {
  port: number;
  host: string;
  key?: string[];
  timeScale: number;
  seed?: number;
  dataDir?: string;
  fault?: FaultRule[];
  submitPerSecond: number;
  submitBurst?: number;
  queryPerSecond: number;
  queryBurst?: number;
  latency?: Latency;
  balance?: number;
  resultTtl?: number;
  resultHost?: string;
  pngShare?: number;
  webhook?: string;
  webhookSecret?: string[];
  instant?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** The default burst is the quota of ten seconds, as at the provider. */
const BURST_SECONDS = 10;

/** Reads the command line. For --help and errors, commander prints a text and ends the process. */
export function readFlags(argv: readonly string[]): Flags {
  const command = new Command('simulator')
    .description(
      'A ToAPIs image server for development and tests: quotas, latencies, faults, charges and images.',
    )
    .option('-p, --port <port>', 'port; 0 selects a free port', parseNumber, 4010)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--key <key>', 'accepted API key, repeatable (sim-key)', appendValue)
    .option('--time-scale <factor>', 'multiplies all provider time; 0.02 is 50 times faster', parseNumber, 1)
    .option('--seed <n>', 'makes ids, latencies and faults reproducible', parseNumber)
    .option('--data-dir <dir>', 'folder for purchases, tasks and uploads; the next start continues with them')
    .option('--fault <kind=rate,…>', 'fault, repeatable: query_500=0.05 or slow=0.1,ms=3000', appendFault)
    .option(
      '--submit-per-second <n>',
      'submission quota; 0 is unlimited',
      parseNumber,
      DEFAULT_QUOTA.submitPerSecond,
    )
    .option('--submit-burst <n>', 'submissions at once (10 seconds of quota)', parseNumber)
    .option(
      '--query-per-second <n>',
      'query quota; 0 is unlimited',
      parseNumber,
      DEFAULT_QUOTA.queryPerSecond,
    )
    .option('--query-burst <n>', 'queries at once (10 seconds of quota)', parseNumber)
    .option('--latency <p50,p95>', 'time of one image: 12s,30s or 800ms,2s; or min,p50,p95,max', parseLatency)
    .option('--balance <dollars>', 'prepaid balance (unlimited)', parseNumber)
    .option('--result-ttl <time>', 'time until a result expires: 24h, 90s', parseDuration)
    .option('--result-host <url>', 'public base of result and upload URLs')
    .option('--png-share <share>', 'share of results that are PNG instead of JPEG (0)', parseNumber)
    .option('--webhook <url>', 'URL that receives the final states')
    .option(
      '--webhook-secret <secret>',
      'secret that signs webhooks, repeatable (sim-webhook-secret)',
      appendValue,
    )
    .option('--instant', 'complete tasks immediately; every result is the same small PNG')
    .option('--quiet', 'do not print requests')
    .option('--json', 'print JSON lines')
    .addHelpText(
      'after',
      () => `\nFaults, also as [[sim:kind name=value]] in a prompt:\n${formatFaultTable()}`,
    );
  command.parse(argv);
  const flags = command.opts<ParsedOptions>();
  return { options: toSimulatorOptions(flags), quiet: flags.quiet === true, json: flags.json === true };
}

function toSimulatorOptions(flags: ParsedOptions): SimulatorOptions {
  const { submitPerSecond, queryPerSecond } = flags;
  const unlimited = Number.MAX_SAFE_INTEGER;
  const quota = {
    submitPerSecond: submitPerSecond || unlimited,
    submitBurst:
      submitPerSecond === 0 ? unlimited : (flags.submitBurst ?? Math.max(1, submitPerSecond * BURST_SECONDS)),
    queryPerSecond: queryPerSecond || unlimited,
    queryBurst:
      queryPerSecond === 0 ? unlimited : (flags.queryBurst ?? Math.max(1, queryPerSecond * BURST_SECONDS)),
  };
  const secrets = flags.webhookSecret ?? ['sim-webhook-secret'];
  return {
    port: flags.port,
    host: flags.host,
    apiKeys: flags.key ?? ['sim-key'],
    timeScale: flags.timeScale,
    faults: flags.fault ?? [],
    quota: submitPerSecond === 0 && queryPerSecond === 0 ? null : quota,
    instant: flags.instant === true,
    ...(flags.seed !== undefined && { seed: flags.seed }),
    ...(flags.dataDir !== undefined && { dataDir: flags.dataDir }),
    ...(flags.latency !== undefined && { latency: flags.latency }),
    ...(flags.balance !== undefined && { balance: flags.balance }),
    ...(flags.resultTtl !== undefined && { resultTtlMs: flags.resultTtl }),
    ...(flags.resultHost !== undefined && { resultHost: flags.resultHost }),
    ...(flags.pngShare !== undefined && { pngShare: flags.pngShare }),
    ...(flags.webhook !== undefined && { webhook: { url: flags.webhook, secrets } }),
  };
}

function formatFaultTable(): string {
  return Object.entries(FAULT_KINDS)
    .map(([kind, { effect }]) => `  ${styleText('bold', kind.padEnd(24))}${effect}`)
    .join('\n');
}

function appendValue(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

function parseNumber(value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !(parsed >= 0))
    throw new InvalidArgumentError('expected a number of at least 0.');
  return parsed;
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function parseDuration(value: string): number {
  const [, amount, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value.trim()) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('expected a time such as 800ms, 12s, 2m or 24h.');
  return Number(amount) * (UNITS[unit] ?? 1);
}

function parseLatency(value: string): Latency {
  const [first, second, third, fourth, ...rest] = value.split(',').map(parseDuration);
  if (first === undefined || second === undefined || rest.length > 0) {
    throw new InvalidArgumentError('expected p50,p95 or min,p50,p95,max.');
  }
  if (third === undefined) return { minMs: first * 0.4, p50Ms: first, p95Ms: second, maxMs: second * 3 };
  if (fourth === undefined) throw new InvalidArgumentError('expected p50,p95 or min,p50,p95,max.');
  return { minMs: first, p50Ms: second, p95Ms: third, maxMs: fourth };
}

function appendFault(value: string, earlier: FaultRule[] = []): FaultRule[] {
  const parsed = parseFaultFlag(value);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.problem);
  return [...earlier, parsed.rule];
}
