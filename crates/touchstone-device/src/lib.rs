//! The device role of TS/1.
