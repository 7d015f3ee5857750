// profile-file.ts  the file with the profiles
// connection.ts    which URL and key a command uses
export { type Connection, resolveConnection } from './connection.ts';
export { locateProfiles, readProfiles, writeProfiles } from './profile-file.ts';
