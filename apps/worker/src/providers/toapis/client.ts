import { FormData } from 'undici';
import type { Provider, StatusAnswer, Submission, SubmitAnswer, UploadAnswer } from '../provider.ts';
import { exchange, NeverConnected, openDispatcher } from './http.ts';
import { parseBalance, parseStatus, parseSubmit, parseUpload } from './parse.ts';
import { submissionBody } from './submission.ts';

const DEFAULT_BASE_URL = 'https://toapis.com';
/** Hosts on which results were seen; the base URL's own host comes on top. */
const RESULT_HOSTS = ['files.toapis.com', 'files.toapis.cn', 'files.dashlyai.cc'];
const QUERY_TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 60_000;

/** The ToAPIs provider. `submitTimeoutMs`: a submission without an answer for this long is unknown. */
export function openToapis(options: {
  baseUrl?: string | undefined;
  apiKey: string;
  submitTimeoutMs: number;
  now: () => number;
}): Provider {
  const base = new URL(options.baseUrl ?? DEFAULT_BASE_URL);
  const at = (path: string) => new URL(path, base);
  const headers = { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' };
  const submissions = openDispatcher({ fresh: true });
  const queries = openDispatcher({ fresh: false, connections: 64 });

  return {
    name: base.host,
    resultHosts: [...RESULT_HOSTS, base.hostname],
    submit: async (submission: Submission): Promise<SubmitAnswer> => {
      try {
        const reply = await exchange(at('/v1/images/generations'), {
          dispatcher: submissions,
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(submissionBody(submission)),
          // No other signal: a POST that is under way is never given up early (I2).
          signal: AbortSignal.timeout(options.submitTimeoutMs),
        });
        return parseSubmit(reply, options.now());
      } catch (error) {
        return error instanceof NeverConnected
          ? { kind: 'not_bought', reason: `no connection: ${reasonOf(error)}` }
          : { kind: 'unknown', reason: `the answer was lost: ${reasonOf(error)}` };
      }
    },
    status: async (taskId, signal): Promise<StatusAnswer> => {
      try {
        const reply = await exchange(at(`/v1/images/generations/${encodeURIComponent(taskId)}`), {
          dispatcher: queries,
          method: 'GET',
          headers,
          signal: AbortSignal.any([signal, AbortSignal.timeout(QUERY_TIMEOUT_MS)]),
        });
        return parseStatus(reply, options.now());
      } catch (error) {
        return { kind: 'unreadable', reason: reasonOf(error) };
      }
    },
    upload: async (image, signal): Promise<UploadAnswer> => {
      const form = new FormData();
      const extension = image.contentType.split('/')[1] ?? 'bin';
      form.append(
        'file',
        new Blob([image.bytes as Uint8Array<ArrayBuffer>], { type: image.contentType }),
        `input.${extension}`,
      );
      form.append('purpose', 'generation');
      try {
        const reply = await exchange(at('/v1/uploads/images'), {
          dispatcher: queries,
          method: 'POST',
          headers,
          body: form as unknown as globalThis.FormData,
          signal: AbortSignal.any([signal, AbortSignal.timeout(UPLOAD_TIMEOUT_MS)]),
        });
        return parseUpload(reply, options.now());
      } catch (error) {
        return { kind: 'not_bought', reason: `upload: ${reasonOf(error)}` };
      }
    },
    balance: async (signal) => {
      try {
        const reply = await exchange(at('/v1/balance'), {
          dispatcher: queries,
          method: 'GET',
          headers,
          signal: AbortSignal.any([signal, AbortSignal.timeout(QUERY_TIMEOUT_MS)]),
        });
        return parseBalance(reply);
      } catch (error) {
        return { kind: 'unreadable', reason: reasonOf(error) };
      }
    },
    close: async () => {
      await Promise.all([submissions.close(), queries.close()]);
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code ?? (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? `${code}: ${error.message}` : error.message;
}
