//! The connect flow.
