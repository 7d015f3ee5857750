import { type ReconcileResponse, reconcileSchema } from '@darkroom/api';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount, formatFacts, formatTable } from '../../output/index.ts';

interface Options {
  day?: string;
  from?: string;
  to?: string;
  topUps?: string;
  resolve?: true;
  last?: true;
}

const RESULTS: Record<ReconcileResponse['result'], string> = {
  balanced: 'The books explain the balance.',
  unexplained: 'The books do not explain the balance.',
  all_bought: 'Proven: all unknown purchases were charged.',
  none_bought: 'Proven: no unknown purchase was charged.',
  unproven: 'Not proven: the unknown purchases stay open.',
};

export const reconcileCommand = defineCommand<Options>({
  path: 'reconcile',
  summary: "Compare the books of a period with the provider's balance before and after it.",
  details:
    'Days are UTC; without one, the report is about today. With --resolve, unknown purchases are resolved if the difference proves that all or none were charged: ' +
    'purchases that were not charged are made, charged ones count as spent and their images are bought again. Without a proof it lists the open ones. ' +
    'Use --resolve only if no other program buys with the same account. It exits with 1 if money is unexplained or purchases stay open.',
  options: [
    new Option('--day <day>', 'one day: 2026-11-26'),
    new Option('--from <day>', 'the first day'),
    new Option('--to <day>', 'the last day'),
    new Option('--top-ups <dollars>', 'what was paid into the account meanwhile'),
    new Option('--resolve', 'resolve the unknown purchases if it is proven'),
    new Option('--last', 'show the latest report, and compare nothing'),
  ],
  examples: [
    'reconcile',
    'reconcile --day 2026-11-25 --top-ups 50',
    'reconcile --from 2026-11-24 --to 2026-11-25 --resolve --yes',
    'reconcile --last --json result,remainder,unknown',
  ],
  fields: Object.keys(reconcileSchema.shape),
  uses: 'api',
  asks: true,
  page: () => '/reconcile',
  run: async ({ options: { day, from, to, topUps, resolve, last }, api, confirm }) => {
    if (day !== undefined && (from !== undefined || to !== undefined))
      throw new CliError(EXIT.usage, 'Expected --day, or --from and --to, not both.');
    const client = await api();
    if (last) {
      const [report] = await client.listReconciliations(1);
      if (!report) throw new CliError(EXIT.notFound, 'There is no report yet.');
      return { data: report, text: formatReport(report), exitCode: findExitCode(report) };
    }
    if (resolve) {
      await confirm(
        'Resolve the unknown purchases if it is proven that all or none were charged? Their images are then bought.',
      );
    }
    const report = await client.reconcile({
      from: day ?? from,
      to: day ?? to,
      top_ups: topUps,
      resolve,
    });
    return { data: report, text: formatReport(report), exitCode: findExitCode(report) };
  },
});

const findExitCode = ({ result, unknown }: ReconcileResponse) =>
  result === 'unexplained' || unknown.some(({ command }) => command !== null) ? EXIT.failure : EXIT.ok;

function formatReport(report: ReconcileResponse): string {
  const { from, to, before, after, unknown, more_unknown: more, doubts, resolved } = report;
  const facts = formatFacts([
    ['period', from === to ? from : `${from} to ${to}`],
    ['balance before', `${showDollars(before.balance)} at ${before.at}`],
    ['balance after', `${showDollars(after.balance)} at ${after.at}`],
    ['top-ups', showDollars(report.top_ups)],
    ['charged', showDollars(report.charged)],
    ['refunded', showDollars(report.refunded)],
    ['expected', showDollars(report.expected)],
    ['actual', showDollars(report.actual)],
    ['unexplained', showDollars(report.remainder)],
    [
      'possibly spent',
      `${showDollars(report.possibly_spent)} (${formatCount(unknown.length + more, 'purchase')})`,
    ],
    ['report', report.id],
  ]);
  const reasons = doubts.map(({ message }) => `- ${message}\n`).join('');
  const table = formatTable(
    ['RENDER', 'TENANT', 'ATTEMPT', 'PRICE', 'CLAIMED', 'RESOLVED', 'COMMAND'],
    unknown.map((one) => [
      one.render_id,
      one.tenant,
      String(one.attempt),
      `$${one.price}`,
      one.claimed_at,
      one.resolved ?? 'no',
      one.command ?? '',
    ]),
    '',
  );
  const list = unknown.length === 0 ? '' : `${table}${more > 0 ? `${more} more\n` : ''}`;
  const done = resolved > 0 ? ` ${formatCount(resolved, 'purchase')} resolved.` : '';
  return `${facts}${RESULTS[report.result]}${done}\n${reasons}${list}`;
}

const showDollars = (amount: string) => (amount.startsWith('-') ? `-$${amount.slice(1)}` : `$${amount}`);
