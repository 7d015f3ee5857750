// find-binary.ts   a program on the PATH
// unpack.ts        Debian packages fetched and unpacked below a folder, without root
export { findBinary } from './find-binary.ts';
export { type Unpacked, unpackDebian } from './unpack.ts';
