/*
 * Result images:
 *   image-files.ts  draws a task's file at its first download and caches it
 *   draw-image.ts   one image: scene, caption, reference images
 *   scene.ts        the background, from the prompt
 *   caption.ts      prompt and size as text
 *   lettering.ts    text as outlines
 *   dimensions.ts   pixels of each size and resolution
 *   file-format.ts  image types by their first bytes; padding of PNG files
 */
export { detectImageType, type ImageType } from './file-format.ts';
export { createImageFiles, type ImageFiles } from './image-files.ts';
