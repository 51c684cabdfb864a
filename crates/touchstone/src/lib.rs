//! The Touchstone SDK.
