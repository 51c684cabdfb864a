//! A living room under virtual time.
