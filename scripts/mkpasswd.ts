/** Makes bcrypt hashes: `mkpasswd`, `mkpasswd -p`, `mkpasswd -p T0pS3cr3t`. */
import { runMkpasswd } from "../src/commands/mkpasswd.ts";
import { programArguments } from "../src/runtime/process/system.ts";

await runMkpasswd(programArguments());
