import { readFile } from 'node:fs/promises';
import {
  MAX_REVIEWS,
  type NewReview,
  newReviewSchema,
  type ReviewResponse,
  reviewSchema,
} from '@darkroom/api';
import { listFieldProblems } from '@darkroom/shared/field-problems';
import { Option } from 'commander';
import { z } from 'zod';
import { CliError } from '../../cli-error.ts';
import { defineCommand, readCount } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount, formatTable, formatTime, showSafely } from '../../output/index.ts';

interface ListOptions {
  verdict?: ReviewResponse['verdict'];
  limit: number;
}

const listCommand = defineCommand<ListOptions>({
  path: 'catalogue reviews list',
  summary: 'List which images of a catalogue were approved or rejected.',
  details:
    'Each item has at most one review, the last. The next run buys the image of a rejected item again.',
  args: [{ name: '<catalogue>', text: 'its name; with a key of all tenants, acme:shoes' }],
  options: [
    new Option('--verdict <verdict>', 'only these').choices(reviewSchema.shape.verdict.options),
    new Option('--limit <n>', 'read at most this many').argParser(readCount).default(1000),
  ],
  examples: [
    'catalogue reviews list shoes',
    'catalogue reviews list shoes --verdict rejected --json key,view,note,prompt',
  ],
  fields: Object.keys(reviewSchema.shape),
  uses: 'api',
  run: async ({ args: [catalogue = ''], options: { verdict, limit }, api, host }) => {
    const all = await (await api()).listReviews(catalogue, limit);
    const data = all.filter((one) => verdict === undefined || one.verdict === verdict);
    return { data, text: formatReviews(data, host.clock.now()) };
  },
});

const formatReviews = (reviews: readonly ReviewResponse[], now: number) =>
  formatTable(
    ['KEY', 'VIEW', 'VERDICT', 'WHEN', 'BY', 'NOTE', 'PROMPT'],
    reviews.map(({ key, view, verdict, reviewed_at, actor, note, prompt }) => [
      showSafely(key),
      view ?? '',
      verdict,
      formatTime(reviewed_at, now),
      actor,
      showSafely(note ?? ''),
      prompt === null ? '' : 'another',
    ]),
    'There are no reviews.',
  );

/** `reviews.json`, as a report that was opened from a folder or a bucket writes it. */
const reviewsFileSchema = z.strictObject({
  version: z.literal(1),
  catalogue: z.string().min(1),
  tenant: z.string().min(1),
  run: z.string(),
  reviews: z.array(newReviewSchema),
});

interface ImportOptions {
  catalogue?: string;
}

const importCommand = defineCommand<ImportOptions>({
  path: 'catalogue reviews import',
  summary: 'Import the reviews.json that a report in a folder or a bucket wrote.',
  details:
    'A later review of the same item is kept. Importing the file again changes nothing. The next run buys the images of ' +
    'rejected items again; nothing is bought now.',
  args: [{ name: '<file>', text: 'reviews.json' }],
  options: [new Option('--catalogue <name>', 'another name than that in the file, such as acme:shoes')],
  examples: [
    'catalogue reviews import reviews.json',
    'catalogue reviews import reviews.json --json saved,kept',
  ],
  fields: ['saved', 'kept'],
  uses: 'api',
  run: async ({ args: [path = ''], options, api }) => {
    const { catalogue, reviews } = await readReviewsFile(path);
    const client = await api();
    const data = { saved: 0, kept: 0 };
    for (let from = 0; from < reviews.length; from += MAX_REVIEWS) {
      const part = reviews.slice(from, from + MAX_REVIEWS);
      const { saved, kept } = await client.saveReviews(options.catalogue ?? catalogue, part);
      data.saved += saved;
      data.kept += kept;
    }
    const kept = data.kept > 0 ? ` ${formatCount(data.kept, 'item')} had a later review.` : '';
    return { data, text: `${formatCount(data.saved, 'review')} saved.${kept}\n` };
  },
});

async function readReviewsFile(path: string): Promise<{ catalogue: string; reviews: NewReview[] }> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `${path} cannot be read (${error.code ?? 'unknown'}).`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError(EXIT.usage, `${path} is not JSON.`, 'Use the reviews.json that the report wrote.');
  }
  const checked = reviewsFileSchema.safeParse(value);
  if (checked.success) return checked.data;
  const [first] = listFieldProblems(checked.error, value, reviewsFileSchema);
  throw new CliError(
    EXIT.usage,
    `${path}: ${first?.field}: expected ${first?.expected}, received ${first?.received}`,
    'Use the reviews.json that the report wrote.',
  );
}

export const REVIEW_COMMANDS = [listCommand, importCommand];
