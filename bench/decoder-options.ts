/** What one decoder process does. It decodes the same file several times at once. */
export interface DecoderOptions {
  path: string;
  images: number;
  /**
   * - `worker`: the worker's own decoder.
   * - `unlimited`: a full decode of each image, without the worker's limits.
   * - `shrinking`: the decoder may reduce the image while it reads it, without the worker's limits.
   */
  as: 'worker' | 'unlimited' | 'shrinking';
  /** With `worker`: images with more pixels are refused. */
  maxPixels: number;
}

export interface DecoderResult {
  ms: number;
  /** The highest resident set of the process, in bytes. */
  peak: number;
  refused: number;
}
