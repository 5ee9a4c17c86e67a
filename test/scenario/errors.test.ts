// Arguments that calls refuse before they do anything.

import { describe, expect, it } from "vitest";
import { play } from "./support.js";

async function errnos(text: string, kernel = "7.2"): Promise<unknown[]> {
  const { observations, complaints } = await play(text, "x86-64", kernel);
  expect(complaints).toEqual([]);
  return observations.map(({ errno }) => errno);
}

describe.each(["6.1", "6.12", "7.2"])("on %s, a call on no page", (kernel) => {
  it.each([
    ["munmap A 0 0", "EINVAL"],
    ["mprotect A 0 0 r", 0],
    ["madvise A 0 0 dontneed", 0],
    ["madvise A 9 0 dontneed", 0],
    ["mremap A 0 B", "EINVAL"],
    ["resize A 4 0", "EINVAL"],
    ["resize A 0 4", "EINVAL"],
    ["resize S 0 4", "ENOMEM"],
    ["uffd-register A 0 0 wp", "EINVAL"],
    ["uffd-unregister A 0 0", "EINVAL"],
    ["uffd-wp A 0 0 on", "EINVAL"],
    ["pin A 0 0", "EFAULT"],
  ])("%s: %s", async (line, want) => {
    const text = `mmap A 4 rw private\nmmap S 4 rw shared\nwrite A 0 4\n${line}\n`;
    expect((await errnos(text, kernel)).at(-1)).toBe(want);
  });
});

it("PAGEMAP_SCAN is no ioctl before 6.7", async () => {
  const text = "mmap A 4 rw private\nscan A 0 4 written\n";
  expect(await errnos(text, "6.1")).toEqual([0, "ENOTTY"]);
  expect(await errnos(text, "6.8")).toEqual([0, 0]);
});
