import { BATCH_LIMITS, type BatchProblem } from '@darkroom/api';
import {
  type BatchCheck,
  type BatchLine,
  checkLine,
  createProblemCollector,
  type LineContext,
  PART_LINES,
  readLines,
} from '@darkroom/shared/batches';
import { selectTenantValues } from '@darkroom/shared/config';
import { checkWebhookUrl } from '@darkroom/shared/net';
import type { BatchContext } from './batch-context.ts';

/**
 * Checks all lines of the file of a batch, and writes them in parts. Nothing is bought before it is complete. A worker that
 * is killed checks the file again from its beginning, and writes the same.
 *
 * Throws {@link StoreError}.
 */
export async function validateFile(context: BatchContext): Promise<BatchCheck> {
  const { batch, own, infra, job } = context;
  const options = { signal: job.signal };
  const problems = createProblemCollector();
  const fail = (code: string, message: string, line: number | null = null, param: string | null = null) =>
    problems.add({ code, message, param, line });
  const file = await own.files.read({ tenant: batch.tenant, id: batch.inputFileId }, options);
  if (!file) fail('file_not_found', 'The input file was deleted.');
  const lineContext = createLineContext(context);
  /** By `custom_id`, the line that has it. */
  const seen = new Map<string, number>();
  let [lines, parts] = [0, 0];
  let part: BatchLine[] = [];
  const writePart = async () => {
    // A file with a problem buys nothing: its lines are only counted.
    if (part.length > 0 && problems.count === 0) await own.batches.writePart(batch, parts++, part, options);
    part = [];
  };
  if (file) {
    for await (const { number, bytes } of readLines(
      own.files.readContent(file, options),
      BATCH_LIMITS.lineBytes,
    )) {
      job.signal.throwIfAborted();
      lines += 1;
      if (lines > BATCH_LIMITS.lines) {
        fail('too_many_lines', `A batch has at most ${BATCH_LIMITS.lines} lines.`, number);
        break;
      }
      if (bytes === 'too-long') {
        fail('line_too_long', `A line has at most ${BATCH_LIMITS.lineBytes} bytes.`, number);
        continue;
      }
      const checked = checkLine(bytes, number, lineContext);
      if ('problems' in checked) {
        checked.problems.forEach((problem: BatchProblem) => problems.add(problem));
        continue;
      }
      const { custom_id: customId } = checked.line;
      const first = seen.get(customId);
      if (first !== undefined) {
        fail('duplicate_custom_id', `Line ${first} has the same custom_id.`, number, 'custom_id');
        continue;
      }
      seen.set(customId, number);
      part.push(checked.line);
      if (part.length === PART_LINES) await writePart();
    }
    await writePart();
    if (lines === 0) fail('empty_file', 'The file has no lines.');
  }
  const { count, listed } = problems;
  const found = { at: infra.clock.now(), lines, parts, problems: { count, listed } };
  const check = await own.batches.writeCheck(batch, found, options);
  infra.log.info({ batch: batch.id, lines, problems: count }, 'batch: file checked');
  return check;
}

function createLineContext({ batch, infra }: BatchContext): LineContext {
  const { WEBHOOK_SECRETS, ALLOW_PRIVATE_HOSTS } = infra.settings;
  const rules = {
    signed: selectTenantValues(WEBHOOK_SECRETS, batch.tenant).length > 0,
    allowPrivate: ALLOW_PRIVATE_HOSTS,
  };
  return { endpoint: batch.endpoint, checkWebhook: (url) => checkWebhookUrl(url, rules) };
}
