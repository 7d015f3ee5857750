import { BATCH_ENDPOINTS, FILE_PURPOSES } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION } from '../render/index.ts';

const version = z.literal(DATA_VERSION);
/** Unix milliseconds. */
const time = z.number();
const count = z.number().int().nonnegative();

/** Lines in one part of a batch: what a killed worker adds again at most. */
export const PART_LINES = 500;

/** A batch as it was requested: `batch.json`. Written once. */
export const batchRecordSchema = z.object({
  version,
  tenant: z.string(),
  id: z.string(),
  inputFileId: z.string(),
  /** The digest of the file: the same file that is uploaded again is the same batch. */
  inputSha256: z.string(),
  endpoint: z.enum(BATCH_ENDPOINTS),
  /** As the caller wrote it. */
  completionWindow: z.string(),
  /** From then on, nothing more is bought. */
  deadlineAt: time,
  metadata: z.record(z.string(), z.string()).optional(),
  createdAt: time,
  actor: z.string(),
});

/** What a worker found in the file: `check.json`. Written once, after the parts, so a batch that has it is checked. */
export const batchCheckSchema = z.object({
  version,
  at: time,
  lines: count,
  parts: count,
  /** With a problem, nothing is bought. */
  problems: z.object({
    count,
    listed: z.array(
      z.object({
        code: z.string(),
        message: z.string(),
        param: z.string().nullable(),
        line: z.number().nullable(),
      }),
    ),
  }),
});

/** A caller canceled the batch: `cancel.json`. Written once. */
export const batchCancelSchema = z.object({ version, at: time, actor: z.string() });

/** How the batch ended: `end.json`. Written once. */
export const batchEndSchema = z.object({
  version,
  status: z.enum(['completed', 'failed', 'expired', 'cancelled']),
  /** Since when nothing more is bought. */
  finalizingAt: time,
  endedAt: time,
});

/** A file: `file.json`. Written after its bytes. */
export const fileRecordSchema = z.object({
  version,
  tenant: z.string(),
  id: z.string(),
  purpose: z.enum(FILE_PURPOSES),
  filename: z.string(),
  bytes: count,
  createdAt: time,
  actor: z.string(),
  content: z.union([
    /** Uploaded bytes, in objects of their own. */
    z.object({ chunks: count, sha256: z.string() }),
    /** Results: made from the receipts whenever they are read, so that their links are fresh. */
    z.object({ batch: z.string(), part: z.enum(['output', 'errors']) }),
  ]),
});

/** Names a batch. */
export interface BatchRef {
  tenant: string;
  id: string;
}

export type BatchRecord = Omit<z.infer<typeof batchRecordSchema>, 'version'>;
export type BatchCheck = Omit<z.infer<typeof batchCheckSchema>, 'version'>;
export type BatchCancel = Omit<z.infer<typeof batchCancelSchema>, 'version'>;
export type BatchEnd = Omit<z.infer<typeof batchEndSchema>, 'version'>;
export type FileRecord = Omit<z.infer<typeof fileRecordSchema>, 'version'>;
