/** The operations that another server of the cluster may send. */
import { Op } from "../wire/ops.ts";

export const ROUTE_OPS: readonly Op[] = [
  Op.CONNECT,
  Op.INFO,
  Op.PUB,
  Op.SUB,
  Op.UNSUB,
  Op.HMSG,
  Op.PING,
  Op.PONG,
  Op.OK,
  Op.ERR,
  Op.RS_PLUS,
  Op.RS_MINUS,
  Op.RMSG,
  Op.LS_PLUS,
  Op.LS_MINUS,
  Op.A_PLUS,
  Op.A_MINUS,
];
