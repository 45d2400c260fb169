import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Stands between a process and the C library: as long as a flag's file exists, nothing can be synced. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int fails(void) {
  const char *flag = getenv("LINESHAFT_TEST_FSYNC");
  if (flag == NULL || access(flag, F_OK) != 0) return 0;
  errno = EIO;
  return 1;
}

int fsync(int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return fails() ? -1 : real(file);
}

int fdatasync(int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return fails() ? -1 : real(file);
}
`;

export type FsyncShim = { missing: string } | { environment(flag: string): Record<string, string> };

/** Compiles the shim where that is possible; otherwise says what is missing. */
export function buildFsyncShim(folder: string): FsyncShim {
  if (process.platform !== "linux") return { missing: "Linux (LD_PRELOAD)" };
  const source = join(folder, "fsync-shim.c");
  const library = join(folder, "fsync-shim.so");
  writeFileSync(source, SOURCE);
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
  if (built.error !== undefined) return { missing: "a C compiler (cc) on the PATH" };
  if (built.status !== 0) return { missing: `a working C compiler: ${String(built.stderr).slice(0, 300)}` };
  return { environment: (flag) => ({ LD_PRELOAD: library, LINESHAFT_TEST_FSYNC: flag }) };
}
