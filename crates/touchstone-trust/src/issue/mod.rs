//! Issuance.
