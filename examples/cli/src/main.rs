//! Touchstone on the command line.
fn main() {}
