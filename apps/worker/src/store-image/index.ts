// store-stage.ts   download, full decode, put, read back, thumbnail
// download.ts      results to disk, inside size and time
// hosts.ts         where results may come from
// image.ts         full decode, thumbnail
// deps.ts          what storing works with
export * from './deps.ts';
export { openDownloader } from './downloader.ts';
export { storeImageStage } from './store-image-stage.ts';
