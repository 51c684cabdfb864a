//! TS/1 on the wire, without I/O.
