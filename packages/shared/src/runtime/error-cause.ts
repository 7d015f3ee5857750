/** The `cause` of anything that was thrown. */
export const errorCause = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);
