import { errorCause, errorMessage } from '@darkroom/shared/runtime';
import { FormData } from 'undici';
import type {
  PollAnswer,
  ProofAnswer,
  Provider,
  Submission,
  SubmitAnswer,
  UploadAnswer,
} from '../provider.ts';
import { NotConnectedError, openDispatcher, sendRequest } from './http.ts';
import {
  isKeyRejection,
  isProviderReply,
  parseBalance,
  parsePoll,
  parseSubmit,
  parseUpload,
} from './parse.ts';
import { createSubmissionBody } from './submission.ts';

const DEFAULT_BASE_URL = 'https://toapis.com';
/** Hosts on which results were seen. The host of the base URL is added. */
const RESULT_HOSTS = ['files.toapis.com', 'files.toapis.cn', 'files.dashlyai.cc'];
const POLL_TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 60_000;
/** No task has this id: the provider answers 404 in its own form. */
const UNKNOWN_TASK = 'task_darkroom_unknown';

/** The provider ToAPIs. The outcome of a submission without a response for `submitTimeoutMs` is unknown. */
export function openToapis(options: {
  baseUrl?: string | undefined;
  apiKey: string;
  submitTimeoutMs: number;
  quota: Provider['quota'];
  priceMicros: Provider['priceMicros'];
  now: () => number;
}): Provider {
  const base = new URL(options.baseUrl ?? DEFAULT_BASE_URL);
  const at = (path: string) => new URL(path, base);
  const headers = { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' };
  const submissions = openDispatcher({ fresh: true });
  const queries = openDispatcher({ fresh: false, connections: 64 });
  const get = (path: string, signal: AbortSignal) =>
    sendRequest(at(path), {
      dispatcher: queries,
      method: 'GET',
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(POLL_TIMEOUT_MS)]),
    });

  return {
    name: 'toapis',
    resultHosts: [...RESULT_HOSTS, base.hostname],
    quota: options.quota,
    priceMicros: options.priceMicros,
    submit: async (submission: Submission): Promise<SubmitAnswer> => {
      try {
        const reply = await sendRequest(at('/v1/images/generations'), {
          dispatcher: submissions,
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(createSubmissionBody(submission)),
          // No other signal: a POST that was sent is never given up early (I2).
          signal: AbortSignal.timeout(options.submitTimeoutMs),
        });
        return parseSubmit(reply, options.now());
      } catch (error) {
        return error instanceof NotConnectedError
          ? { kind: 'not_bought', reason: `no connection: ${describeError(error)}` }
          : { kind: 'unknown', reason: `the answer was lost: ${describeError(error)}` };
      }
    },
    poll: async (taskId, signal): Promise<PollAnswer> => {
      try {
        const reply = await get(`/v1/images/generations/${encodeURIComponent(taskId)}`, signal);
        return parsePoll(reply, options.now());
      } catch (error) {
        return { kind: 'unreadable', reason: describeError(error) };
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
        const reply = await sendRequest(at('/v1/uploads/images'), {
          dispatcher: queries,
          method: 'POST',
          headers,
          body: form as unknown as globalThis.FormData,
          signal: AbortSignal.any([signal, AbortSignal.timeout(UPLOAD_TIMEOUT_MS)]),
        });
        return parseUpload(reply, options.now());
      } catch (error) {
        return { kind: 'not_bought', reason: `upload: ${describeError(error)}` };
      }
    },
    readBalance: async (signal) => {
      try {
        const balance = parseBalance(await get('/v1/balance', signal));
        if (balance.kind !== 'unreadable') return balance;
        // The balance endpoint answers a wrong key with 200 and a message in any language. The status of a task has a code.
        const status = await get(`/v1/images/generations/${UNKNOWN_TASK}`, signal);
        return isKeyRejection(status) ? { kind: 'unauthorized' } : balance;
      } catch (error) {
        return { kind: 'unreadable', reason: describeError(error) };
      }
    },
    prove: async (signal): Promise<ProofAnswer> => {
      try {
        const balance = await get('/v1/balance', signal);
        if (parseBalance(balance).kind !== 'unreadable' || isProviderReply(balance))
          return { kind: 'proven' };
        // Not every account may read its balance.
        const status = await get(`/v1/images/generations/${UNKNOWN_TASK}`, signal);
        if (isProviderReply(status)) return { kind: 'proven' };
        return {
          kind: 'unproven',
          reason: `${base.origin} does not answer as ToAPIs does: HTTP ${balance.status} for the balance, HTTP ${status.status} for a task`,
        };
      } catch (error) {
        return error instanceof NotConnectedError
          ? { kind: 'not_bought', reason: `no connection: ${describeError(error)}` }
          : { kind: 'unproven', reason: `${base.origin}: ${describeError(error)}` };
      }
    },
    close: async () => {
      await Promise.all([submissions.close(), queries.close()]);
    },
  };
}

/** An error's message after its code, for people. */
function describeError(error: unknown): string {
  const code = [error, errorCause(error)].map(readCode).find((found) => found !== undefined);
  return code === undefined ? errorMessage(error) : `${code}: ${errorMessage(error)}`;
}

function readCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
