//! macOS and iOS only: whether this program may use Bluetooth.
//!
//! btleplug cannot tell: a refusal reads there as an unknown state, and even asking for the state opens the system's dialog.

#![allow(unsafe_code)]

use objc2_core_bluetooth::{CBManager, CBManagerAuthorization};
use touchstone::ports::RadioState;

/// What of the person's consent stands in the way; `None` when nothing does. Opens no dialog.
pub(crate) fn obstacle() -> Option<RadioState> {
    // SAFETY: a class property without arguments, readable at any time and on any thread.
    match unsafe { CBManager::authorization_class() } {
        CBManagerAuthorization::AllowedAlways => None,
        CBManagerAuthorization::NotDetermined => Some(RadioState::NeedsPermission),
        _ => Some(RadioState::Blocked),
    }
}
