//! Factory PKI.
