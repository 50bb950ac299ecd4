/** What clients may say. */
import { Op } from "../../wire/ops.ts";

export const CLIENT_OPS: readonly Op[] = [
  Op.CONNECT,
  Op.INFO,
  Op.PUB,
  Op.HPUB,
  Op.SUB,
  Op.UNSUB,
  Op.PING,
  Op.PONG,
  Op.OK,
  Op.ERR,
];
