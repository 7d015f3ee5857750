import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BATCH_LIMITS } from '@darkroom/api';
import type { BatchRef, FileStore } from '@darkroom/shared/batches';
import { StoreError } from '@darkroom/shared/object-store';
import { errorMessage } from '@darkroom/shared/runtime';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import type { FastifyRequest } from 'fastify';
import { clientAborted } from '../http/index.ts';
import { type FieldProblem, invalidRequest, ProblemError } from '../problems/index.ts';

/** What a form can have besides its file. */
export const FORM_BYTES = 64 * 1024;

/** An uploaded file, whose bytes are in the store. It exists when its record is written. */
export interface StoredUpload {
  filename: string;
  bytes: number;
  chunks: number;
  sha256: string;
}

/**
 * Streams the file of a form to the store. The other fields may follow the file, so they are checked at the end.
 *
 * @throws {ProblemError} `unsupported_media_type`, `bad_request`, `body_too_large`, `invalid_request`; {@link StoreError}.
 */
export async function storeUpload(
  files: FileStore,
  file: BatchRef,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<StoredUpload> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type))
    throw new ProblemError('unsupported_media_type', 'Send multipart/form-data with a file and its purpose.');
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > BATCH_LIMITS.fileBytes + FORM_BYTES) throw tooLarge();
  const form = await readForm(files, file, request, signal);
  const problem = form.isTooLarge ? tooLarge() : findProblem(form);
  if (!problem && form.upload) return form.upload;
  await files.discardContent(file, form.upload?.chunks ?? 0);
  throw problem ?? invalidRequest([NO_FILE]);
}

interface UploadForm {
  upload: StoredUpload | undefined;
  isTooLarge: boolean;
  fields: Map<string, string>;
  /** The names of files other than the first `file`. */
  others: string[];
}

async function readForm(
  files: FileStore,
  file: BatchRef,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<UploadForm> {
  const form: UploadForm = { upload: undefined, isTooLarge: false, fields: new Map(), others: [] };
  const { body } = request;
  if (!(body instanceof Readable)) throw new ProblemError('empty_body', 'The body is empty.');
  const stop = new AbortController();
  let content: Readable | undefined;
  let storing: Promise<void> | undefined;
  const parser = openParser(request);
  parser.on('field', (name, value) => void form.fields.set(name, value));
  parser.on('file', (name, stream, filename) => {
    // The parser reports a form that ends early, too. Without a listener, this error would end the process.
    stream.on('error', () => undefined);
    if (name !== 'file' || storing) {
      form.others.push(name);
      stream.resume();
      return;
    }
    content = stream;
    stream.on('limit', () => {
      form.isTooLarge = true;
    });
    storing = files.writeContent(file, stream, { signal }).then((written) => {
      form.upload = { ...written, filename: filename ?? 'batch.jsonl' };
    });
    // The rest of the body is not read: nothing takes it.
    storing.catch((error: unknown) => stop.abort(error));
  });
  try {
    await pipeline(body, parser, { signal: AbortSignal.any([signal, stop.signal]) });
    await storing;
    return form;
  } catch (error) {
    // A form that ends early may leave its file open.
    content?.destroy(new Error('the form has ended'));
    await storing?.catch(() => undefined);
    if (form.upload) await files.discardContent(file, form.upload.chunks);
    const cause: unknown = stop.signal.aborted ? stop.signal.reason : error;
    if (cause instanceof StoreError || signal.aborted || clientAborted(request)) throw cause;
    throw new ProblemError('bad_request', `The form cannot be read: ${errorMessage(cause)}.`, { cause });
  }
}

/** @throws {ProblemError} `bad_request` for a form without a boundary. */
function openParser({ headers }: FastifyRequest) {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      limits: { fileSize: BATCH_LIMITS.fileBytes, fieldSize: 1024, fields: 20, files: 5, parts: 30 },
    });
  } catch (error) {
    throw new ProblemError('bad_request', `The form cannot be read: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
}

const NO_FILE: FieldProblem = { field: 'file', expected: 'a file with a file name', received: 'nothing' };

function findProblem({ fields, others, upload }: UploadForm): ProblemError | undefined {
  const problems: FieldProblem[] = upload ? [] : [NO_FILE];
  const purpose = fields.get('purpose');
  if (purpose !== 'batch') {
    const received = purpose === undefined ? 'nothing' : `the string ${JSON.stringify(purpose.slice(0, 40))}`;
    problems.push({ field: 'purpose', expected: 'the string "batch"', received });
  }
  const unknown = [...fields.keys()].filter((name) => name !== 'purpose');
  for (const name of [...unknown, ...others])
    problems.push({ field: name.slice(0, 64), expected: 'one of file, purpose', received: 'another field' });
  return problems.length > 0 ? invalidRequest(problems) : undefined;
}

const tooLarge = () =>
  new ProblemError('body_too_large', `A file has at most ${BATCH_LIMITS.fileBytes} bytes.`, {
    problems: [{ field: 'file', expected: `at most ${BATCH_LIMITS.fileBytes} bytes`, received: 'more' }],
  });
