/** A program that is bundled with the client alone. */
import { connect } from "midge";

await connect({ servers: "nats://127.0.0.1:4222" });
