/**
 * What a client asks for that wants messages of a stream without a consumer.
 *
 * NATS JetStream (direct get): a request stands in the payload, or is the subject
 * behind the name of the stream; what is wrong with it is told as a status.
 */
import { byteString, utf8Text } from "../../core/ascii.ts";
import { type Message, subjectOf } from "../../wire/message.ts";
import { readShape, ShapeError } from "../api/shape.ts";
import { MESSAGE_REQUEST, type MessageRequest } from "./message_request.ts";

/** A request that is answered with a status. */
export class DirectRefusal extends Error {
  override readonly name = "DirectRefusal";
}

/** The request in `message`, whose subject may have one behind `prefix`. */
export function requestIn(message: Message, prefix: string): MessageRequest {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const start = payloadStart + Math.max(0, headerSize);
  const text = utf8Text(byteString(bodyBuffer, start, bodyEnd - 2)).trim();
  const subject = subjectOf(message);
  const given = text === "" ? {} : read(text);
  if (subject.startsWith(prefix)) {
    const { no_hdr, ...others } = given;
    if (Object.keys(others).length > 0) {
      throw new DirectRefusal("408 Bad Request");
    }
    const last = utf8Text(subject.slice(prefix.length));
    return { last_by_subj: last, ...(no_hdr && { no_hdr }) };
  }
  if (text === "") throw new DirectRefusal("408 Empty Request");
  const request = withoutEmpty(given);
  checkFields(request);
  return request;
}

/** NATS JetStream: a subject of no characters is none. */
function withoutEmpty(
  { last_by_subj, next_by_subj, ...others }: MessageRequest,
): MessageRequest {
  return {
    ...others,
    ...(last_by_subj && { last_by_subj }),
    ...(next_by_subj && { next_by_subj }),
  };
}

function read(text: string): MessageRequest {
  try {
    return readShape(text, MESSAGE_REQUEST, { strict: false });
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new DirectRefusal("408 Malformed Request");
  }
}

function checkFields(request: MessageRequest): void {
  const { seq, last_by_subj, next_by_subj, start_time, batch = 0 } = request;
  const { multi_last = [] } = request;
  const saysNothing = !seq && last_by_subj === undefined &&
    next_by_subj === undefined && start_time === undefined &&
    multi_last.length === 0;
  if (saysNothing) throw new DirectRefusal("408 Empty Request");
  const isOdd = (last_by_subj !== undefined &&
    (seq || next_by_subj !== undefined || start_time !== undefined ||
      batch > 0)) ||
    (multi_last.length > 0 &&
      (last_by_subj !== undefined || next_by_subj !== undefined)) ||
    (seq && start_time !== undefined);
  if (isOdd) throw new DirectRefusal("408 Bad Request");
}
