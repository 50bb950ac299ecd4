/** A request that is not HTTP as it should be: what nats-server's HTTP layer answers, and hangs up. */

export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  /** What stands in the first line, such as `400 Bad Request`. */
  readonly status: string;
  readonly body: string;

  constructor(status: string, body: string = status) {
    super(status);
    this.status = status;
    this.body = body;
  }

  static bad(why?: string): HttpRefusal {
    const status = "400 Bad Request";
    return new HttpRefusal(why === undefined ? status : `${status}: ${why}`);
  }

  static tooLarge(): HttpRefusal {
    return new HttpRefusal("431 Request Header Fields Too Large");
  }

  static version(): HttpRefusal {
    return new HttpRefusal(
      "505 HTTP Version Not Supported: unsupported protocol version",
    );
  }

  static encoding(): HttpRefusal {
    return new HttpRefusal(
      "501 Not Implemented",
      "Unsupported transfer encoding",
    );
  }
}
