/** The path of a render. @throws TypeError for what would lead to another address. */
export function addressOf(id: string, rest = ''): string {
  if (typeof id !== 'string' || !/^\w[\w-]*$/.test(id)) {
    const received = typeof id === 'string' ? 'other text' : typeof id;
    throw new TypeError(`expected a render's id, such as rnd_…; got ${received}`);
  }
  return `v1/renders/${id}${rest}`;
}
