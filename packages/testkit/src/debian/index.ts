// find-binary.ts   finds a program on the PATH
// unpack.ts        downloads Debian packages and unpacks them below a folder, without root
export { findBinary } from './find-binary.ts';
export { type Unpacked, unpackDebian } from './unpack.ts';
