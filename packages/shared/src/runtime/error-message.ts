/** The message of an error. JavaScript can throw any value: one that is no error is shown as text. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
