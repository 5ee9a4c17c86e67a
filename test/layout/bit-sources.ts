// Shared by the tests of bit books: every architecture with its kernels.

import { ARCHITECTURES } from "../../arch/index.js";
import { BIT_BOOKS } from "../../arch/linux/bit-books.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { KERNEL_LAYOUTS } from "../../arch/linux/kernels.js";
import type { BitSource } from "../../src/layout/entry-format.js";
import {
  type LinuxBits,
  linuxBitsOf,
  linuxBitsOfBook,
  withEnds,
} from "../../src/layout/linux-bits.js";

export const BOOK_NAMES = [...BIT_BOOKS.keys()];

export function sourceOf(name: string): BitSource {
  const book = BIT_BOOKS.get(name);
  if (book === undefined) throw new Error(`no bit book of ${name}`);
  return { book, descriptor: ARCHITECTURES.get(name) };
}

/** Kernels of an architecture, oldest first. */
export function kernelsOf(name: string): LinuxBits[] {
  const { book, descriptor } = sourceOf(name);
  const rows = KERNEL_LAYOUTS.filter(({ architecture }) => architecture === name);
  if (rows.length === 0 || descriptor === undefined) return withEnds(linuxBitsOfBook(book));
  return withEnds(
    rows.map(({ layout, since }) => {
      const linux = LINUX_LAYOUTS.get(layout);
      if (linux === undefined) throw new Error(`no layout ${layout}`);
      return linuxBitsOf(linux, descriptor, since);
    }),
  );
}

/** The kernel of a layout. */
export function kernelNamed(layout: string): LinuxBits {
  const all = BOOK_NAMES.flatMap(kernelsOf);
  const found = all.find(({ name }) => name === layout);
  if (found === undefined) throw new Error(`no layout ${layout}`);
  return found;
}
