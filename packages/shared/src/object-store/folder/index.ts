// folder-store.ts  a store in a folder
// object.ts        one object: written whole, opened with its own metadata
// files.ts         files that exist whole or not at all, and survive a power cut
// sidecar.ts       content type and metadata that the key does not imply, in files beside the object
// list.ts          keys in order, from a tree of folders
// names.ts         …the sorted names in a folder; remembers those of large folders
// errors.ts        translates file system errors into StoreError
export { openFolderStore } from './folder-store.ts';
