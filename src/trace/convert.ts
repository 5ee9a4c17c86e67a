// From a trace of any format to one of the formats that can be written.

import { basename } from "node:path";
import { MmulateError } from "../errors.js";
import { BASE_PAGE_SHIFT } from "./access-writer.js";
import { type MmtHeader, readTrace, type TraceFacts, type TraceOptions } from "./index.js";
import { MmtWriter } from "./mmt-writer.js";
import { OutputFile } from "./output-file.js";
import { Raw64Writer } from "./raw64-writer.js";
import type { RecordSink, Write } from "./types.js";

const GZIP_SUFFIX = ".gz";

type Settings = Pick<TraceOptions, "format" | "accesses" | "split">;

/** Writers by the name of the output file, without ".gz". */
const WRITERS: readonly (readonly [string, WriterOf])[] = [
  [
    ".mmt",
    // Behind gzip, time goes by bytes; without it, the records themselves are read fastest.
    ({ input, gzip }, settings, facts, write) =>
      new MmtWriter(headerOf(input, settings, facts), gzip, write),
  ],
  [".raw64", ({ input }, _settings, _facts, write) => new Raw64Writer(input, write)],
];

interface Files {
  readonly input: string;
  /** The output is compressed. */
  readonly gzip: boolean;
}

type WriterOf = (files: Files, settings: Settings, facts: TraceFacts, write: Write) => RecordSink;

/**
 * Converts a trace. The output is there, under its name, only when all went well; a file that was there
 * before is replaced then.
 *
 * @param output its name says the format: .mmt or .raw64, and .gz behind it for gzip
 * @param onProgress called with the records read so far
 * @returns the records written
 * @throws MmulateError INPUT as `readTrace`, or for a record that the output cannot hold; USAGE for an
 * output of another name, or that cannot be written
 */
export async function convertTrace(
  input: string,
  output: string,
  settings: Settings,
  onProgress: (records: number) => void = () => undefined,
): Promise<number> {
  const writerOf = writerFor(output);
  let facts: TraceFacts = { format: "raw64" };
  const onOpen = (told: TraceFacts): void => {
    facts = told;
  };
  const batches = readTrace(input, settings, { onOpen });
  // Nothing is made before the input has shown that it is a trace.
  let next = await batches.next();
  const gzip = output.endsWith(GZIP_SUFFIX);
  const file = await OutputFile.create(output, gzip);
  try {
    const sink = writerOf({ input, gzip }, settings, facts, (bytes) => file.write(bytes));
    await sink.begin();
    for (let read = 0; !next.done; next = await batches.next()) {
      await sink.add(next.value);
      read += next.value.count;
      onProgress(read);
    }
    const { records, header } = await sink.end();
    await file.commit(header);
    return records;
  } finally {
    await file.discard();
    await batches.return();
  }
}

function writerFor(output: string): WriterOf {
  const plain = output.endsWith(GZIP_SUFFIX) ? output.slice(0, -GZIP_SUFFIX.length) : output;
  const found = WRITERS.find(([suffix]) => plain.endsWith(suffix));
  if (found !== undefined) return found[1];
  const known = WRITERS.map(([suffix]) => suffix).join(" or ");
  throw new MmulateError(
    "USAGE",
    `${output}: the name does not say what to write; it ends in ${known}, ${GZIP_SUFFIX} may follow`,
  );
}

function headerOf(
  input: string,
  { accesses, split }: Settings,
  { format, header }: TraceFacts,
): Omit<MmtHeader, "records"> {
  // raw64 does not tell where an access went on in another page.
  const pageShift = header?.pageShift ?? (format === "raw64" ? 0 : BASE_PAGE_SHIFT);
  return {
    pageShift: split ? pageShift : 0,
    accesses: header?.accesses === "data" ? "data" : accesses,
    source: header?.source ?? `${basename(input)} (${format})`,
  };
}
