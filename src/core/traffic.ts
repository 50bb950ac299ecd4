/** Counters of messages and payload bytes; headers count as payload. */
export interface Traffic {
  inMsgs: number;
  inBytes: number;
  outMsgs: number;
  outBytes: number;
}

/** A message of `size` bytes came in. */
export function countIn(own: Traffic, total: Traffic, size: number): void {
  own.inMsgs++;
  own.inBytes += size;
  total.inMsgs++;
  total.inBytes += size;
}

/** A message of `size` bytes goes out. */
export function countOut(own: Traffic, total: Traffic, size: number): void {
  own.outMsgs++;
  own.outBytes += size;
  total.outMsgs++;
  total.outBytes += size;
}

/** `count` messages of `size` bytes each came in. */
export function countAllIn(
  own: Traffic,
  total: Traffic,
  size: number,
  count: number,
): void {
  own.inMsgs += count;
  own.inBytes += count * size;
  total.inMsgs += count;
  total.inBytes += count * size;
}

/** `count` messages of `size` bytes each go out. */
export function countAllOut(
  own: Traffic,
  total: Traffic,
  size: number,
  count: number,
): void {
  own.outMsgs += count;
  own.outBytes += count * size;
  total.outMsgs += count;
  total.outBytes += count * size;
}

export function noTraffic(): Traffic {
  return { inMsgs: 0, inBytes: 0, outMsgs: 0, outBytes: 0 };
}

/** Adds `more` to `total`, and begins it anew. */
export function moveTraffic(total: Traffic, more: Traffic): void {
  addTraffic(total, more);
  Object.assign(more, noTraffic());
}

export function addTraffic(total: Traffic, more: Traffic): void {
  total.inMsgs += more.inMsgs;
  total.inBytes += more.inBytes;
  total.outMsgs += more.outMsgs;
  total.outBytes += more.outBytes;
}
