//! Tests of the factory PKI from outside.

mod appraisal;
mod bundle;
mod chain;
mod profile;
mod signed;
mod support;
