const OBJECT_BYTES = 56;
const MEMBER_BYTES = 8;
const STRING_BYTES = 20;
const NUMBER_BYTES = 12;
/** One such character, and all of a text take two bytes each. */
const WIDE = /[^\0-\xff]/;

/**
 * About how many bytes of memory plain data takes: objects and lists by their members, texts by their length. Of 10,000 jobs
 * that is 5 to 35 % more than what the heap grows by (`bench/cache-latency.ts`): shared parts are counted each time.
 */
export function heapBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING_BYTES + value.length * (WIDE.test(value) ? 2 : 1);
    case 'number':
      return NUMBER_BYTES;
    case 'object':
      return value === null ? 0 : bytesOfMembers(Object.values(value));
    default:
      return 0;
  }
}

function bytesOfMembers(members: readonly unknown[]): number {
  return members.reduce<number>((bytes, member) => bytes + MEMBER_BYTES + heapBytes(member), OBJECT_BYTES);
}
