import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestFn } from "ava";

/* Only root may mount one; CI does not put up with another. */
const mayMount = process.getuid?.() === 0 || process.env.CI !== undefined;

/** A small disk of the server's, for this test file, and the test that needs it, which is skipped for who is not root. */
export function useDisk(test: TestFn, size: string): { disk: string; diskTest: TestFn } {
  if (!mayMount) return { disk: "", diskTest: test.skip as TestFn };
  const disk = mkdtempSync(join(tmpdir(), "product-embeddings-disk-"));
  const id = (flag: string) => execFileSync("id", [flag, "postgres"], { encoding: "utf8" }).trim();
  test.before("mount the disk", () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},uid=${id("-u")},gid=${id("-g")},mode=700`, "tmpfs", disk]);
  });
  test.after.always("unmount the disk", () => {
    // After the server: it was made first, and goes last.
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });
  return { disk, diskTest: test };
}
