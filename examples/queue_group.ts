/**
 * Workers of a queue group: each job goes to one of them, while a subscriber
 * outside of the group gets all jobs.
 *
 *   deno run -A examples/queue_group.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   60 jobs done by 3 workers
 *   the auditor saw 60
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using connection = await connect({ servers: server.url });

const done = [0, 0, 0];
for (const worker of done.keys()) {
  connection.subscribe("jobs", {
    queue: "workers",
    callback: () => void done[worker]!++,
  });
}
let seen = 0;
connection.subscribe("jobs", { callback: () => void seen++ });

for (let job = 0; job < 60; job++) connection.publish("jobs", `job ${job}`);
await connection.drain();

const total = done.reduce((sum, count) => sum + count, 0);
const busy = done.filter((count) => count > 0).length;
console.log(`${total} jobs done by ${busy} workers`);
console.log(`the auditor saw ${seen}`);
