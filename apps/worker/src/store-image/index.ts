// One image from the provider's file host into the store.
//
// store-image-stage.ts   one run: download, store, or use the image that is already stored
// image-object.ts        full decode, put, read back, thumbnail; finds a stored image
// downloader.ts          results to disk, within limits of size and time
// host-error.ts          whether a file host itself says that a file is gone
// result-hosts.ts        hosts from which results may be downloaded
// requested-size.ts      the most pixels for a request; how an image differs from its request
// decode-image.ts        full decode, thumbnail
export { decodeImage } from './decode-image.ts';
export { openDownloader } from './downloader.ts';
export { type StoreImageDeps, storeImageStage } from './store-image-stage.ts';
