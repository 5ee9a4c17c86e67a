// The whole surface of the codec: what reading and writing of traces does to every record. It is a module of its
// own, because traces are also read where no core is; it works in whatever memory it is given, and has no
// static data that could overlap what lies there.

export { addUp, checksumSum, checksumWeighted } from "./checksum";
export { kindsOf } from "./kinds";
export { pack, unpack } from "./packed";
