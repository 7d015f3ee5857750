import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { cleanup } from '@darkroom/testkit';

const TYPE = { A: 1, AAAA: 28 } as const;

/** A name's records, {@link SILENCE}, or `undefined` for a name that does not exist. */
export type Zone = (name: string, type: keyof typeof TYPE) => Uint8Array[] | undefined;

/** A DNS server on UDP. Answers its address, and the names that it was asked for. */
export async function startNameServer(zone: Zone): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.push(`${name} ${type}`);
    const records = zone(name, type);
    if (records === SILENCE) return;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(records ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records?.length ?? 0, 6);
    const answers = (records ?? []).map((bytes) => {
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(TYPE[type], 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt16BE(bytes.length, 10);
      return Buffer.concat([record, bytes]);
    });
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanup(() => void socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

/** What a zone answers when its server is to say nothing. */
export const SILENCE: Uint8Array[] = [];

function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1) === TYPE.AAAA ? 'AAAA' : 'A';
  return { name: labels.join('.'), type, end: at + 5 } as const;
}
