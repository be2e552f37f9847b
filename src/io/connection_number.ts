// Numbers sockets across everything that opens them.

let last = 0;

/** The next number: 1 and up, unique in this process. */
export function nextConnectionNumber(): number {
  return ++last;
}
