// schema.ts      every field of a catalogue file; its JSON schema
// parse-file.ts  reads the YAML; reports every problem with its line
// yaml-lines.ts  the lines of fields
// duration.ts    36h, 90m, 7d
export { parseDuration } from './duration.ts';
export { type CatalogueFile, parseCatalogueFile } from './parse-file.ts';
export {
  type CatalogueConfig,
  type Changes,
  createJsonSchema,
  DELIMITERS,
  DIGITAL_SOURCE_TYPES,
  type DigitalSourceType,
  IMAGE_FORMATS,
  type ImageFormat,
} from './schema.ts';
