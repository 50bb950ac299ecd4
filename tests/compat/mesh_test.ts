/** Mixed clusters with the nats-servers of this machine. */
import { test } from "../support/test.ts";
import { natsPrograms } from "./mesh_servers.ts";
import { meshSuite } from "./mesh_suite.ts";

for (const program of natsPrograms) {
  const { title, missing } = program;
  if (missing === false) meshSuite(program);
  else test(`Midge and the ${title}`, { skip: missing }, () => {});
}
