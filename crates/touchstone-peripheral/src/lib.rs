//! The Touchstone GATT service.
