/** A disk on which the next commits find no room. */
import {
  type Database,
  type Storage,
  StorageError,
} from "../../src/platform/storage.ts";

export class FullDisk {
  /** How many commits fail from now on. */
  fulls = 0;
  readonly storage: Storage;

  /** Everything else is left to `real`. */
  constructor(real: Storage) {
    this.storage = { ...real, open: (path) => this.#filling(real.open(path)) };
  }

  #filling(database: Database): Database {
    return {
      execute: (sql) => {
        if (sql === "COMMIT" && this.fulls > 0) {
          this.fulls--;
          database.execute("ROLLBACK");
          throw new StorageError("database or disk is full", "full");
        }
        database.execute(sql);
      },
      prepare: (sql) => database.prepare(sql),
      sync: (done) => database.sync(done),
      close: () => database.close(),
    };
  }
}
