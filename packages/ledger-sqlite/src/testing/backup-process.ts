import { backupSqliteLedger } from "../index.ts";

/** A process that is killed in the middle of a backup: `backup-process.ts <ledger> <backup>`. */
const [path = "", to = ""] = process.argv.slice(2);
await backupSqliteLedger({
  path,
  to,
  progress: (done, of) => {
    if (done < of) process.kill(process.pid, "SIGKILL");
  },
});
