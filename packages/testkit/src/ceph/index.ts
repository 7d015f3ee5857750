// cluster.ts  one monitor, one OSD in memory, one RADOS gateway: started and stopped
// config.ts   their ceph.conf: small, loopback only, no authentication between them
export { startCeph } from './cluster.ts';
