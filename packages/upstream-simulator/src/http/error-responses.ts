import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

const ERRORS = {
  invalid_request: { status: 400, type: 'invalid_request_error', message: 'Invalid request' },
  unauthorized: { status: 401, type: 'authentication_error', message: 'Invalid or missing API key' },
  insufficient_quota: { status: 402, type: 'insufficient_quota', message: 'Insufficient balance' },
  task_not_found: { status: 404, type: 'not_found_error', message: 'Task not found' },
  not_found: { status: 404, type: 'not_found_error', message: 'No such endpoint' },
  content_policy_violation: {
    status: 422,
    type: 'content_policy_error',
    message: 'The prompt was refused by the content policy',
  },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', message: 'Rate limit exceeded' },
  internal_error: { status: 500, type: 'server_error', message: 'Internal server error' },
  rate_limit_unavailable: {
    status: 503,
    type: 'server_error',
    message: 'Rate limit service is unavailable, the request was not accepted',
  },
  no_available_channel: { status: 503, type: 'server_error', message: 'no available channel' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetail {
  message?: string | undefined;
  retryAfterSeconds?: number | undefined;
  /** The JSON form of the error. The provider sends all of them. @default envelope */
  form?: string | undefined;
}

/** Sends an error in the provider's envelope or in another form. */
export function sendError(reply: FastifyReply, code: ErrorCode, detail: ErrorDetail = {}): FastifyReply {
  const { status, type } = ERRORS[code];
  const message = detail.message ?? ERRORS[code].message;
  if (detail.retryAfterSeconds !== undefined) reply.header('retry-after', String(detail.retryAfterSeconds));
  reply.code(status);
  switch (detail.form) {
    case 'message':
      return reply.send({ message: code === 'task_not_found' ? 'task_not_exist' : message });
    case 'success_false':
      return reply.send({ success: false, message });
    case 'numeric':
      return reply.send({ error: { code: status, message, type } });
    default:
      return reply.send({ error: { code, message, type } });
  }
}

/** Titles that gateways use and that Node does not have. */
const GATEWAY_TITLES: Record<number, string> = { 499: 'Client Closed Request', 504: 'Gateway Time-out' };

/** Sends the HTML error page of a gateway in front of the provider. */
export function sendGatewayPage(reply: FastifyReply, status: number): FastifyReply {
  const title = `${status} ${GATEWAY_TITLES[status] ?? STATUS_CODES[status] ?? 'Error'}`;
  return reply
    .code(status)
    .type('text/html')
    .send(
      `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
        '<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n',
    );
}
