/** The path of a render. @throws TypeError for what would lead to another address. */
export function addressOf(id: string, rest = ''): string {
  if (!/^\w[\w-]*$/.test(id)) throw new TypeError(`expected a render's id, such as rnd_…; got ${typeof id}`);
  return `v1/renders/${id}${rest}`;
}
