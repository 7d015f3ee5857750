/** The message of anything that was thrown. */
export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The `cause` of anything that was thrown. */
export const errorCause = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);
