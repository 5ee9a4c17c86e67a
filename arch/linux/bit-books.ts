// Bit books of six architectures, by name.

import { freeze } from "../define.js";
import { arm64Bits } from "./bits/arm64.js";
import { loongarch64Bits } from "./bits/loongarch64.js";
import { ppc64Bits } from "./bits/ppc64.js";
import { riscv64Bits } from "./bits/riscv64.js";
import { s390xBits } from "./bits/s390x.js";
import { x8664Bits } from "./bits/x86-64.js";
import { type BitBook, bitBookSchema } from "./bits-schema.js";

/** Who may use which bit, by architecture. */
export const BIT_BOOKS: ReadonlyMap<string, BitBook> = new Map(
  [x8664Bits, arm64Bits, riscv64Bits, loongarch64Bits, s390xBits, ppc64Bits].map((input) => {
    const book = freeze(bitBookSchema.parse(input));
    return [book.architecture, book];
  }),
);
