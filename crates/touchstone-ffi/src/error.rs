//! What can go wrong between an application and the SDK. What goes wrong with a device is a screen, never an exception.

use touchstone_flow::{Msg, MsgId};

/// Why the SDK could not begin. Everything that happens later is a Screen and, at the end, the outcome of the Report.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum ConnectError {
    /// The vendor key is not an uncompressed P-256 point of 65 bytes.
    #[error("the vendor key is not an uncompressed P-256 point of 65 bytes")]
    VendorKey,
    /// The trust bundle cannot be believed.
    #[error("{reason}")]
    TrustBundle {
        /// Why, for reports; never shown or spoken.
        reason: String,
    },
    /// This attempt has been run before. Begin another one.
    #[error("this attempt has been run before")]
    AlreadyRun,
    /// This library was built without a radio of its own: give a HostRadio.
    #[error("this library was built without a radio of its own")]
    NoRadio,
}

#[uniffi::export]
impl ConnectError {
    /// What to tell the person.
    pub fn advice(&self) -> Msg {
        match self {
            Self::VendorKey | Self::TrustBundle { .. } => MsgId::HelpUpdateApp,
            Self::NoRadio => MsgId::BluetoothMissing,
            Self::AlreadyRun => MsgId::Failed,
        }
        .into()
    }
}

impl From<touchstone::trust::BundleError> for ConnectError {
    fn from(error: touchstone::trust::BundleError) -> Self {
        Self::TrustBundle {
            reason: error.to_string(),
        }
    }
}

/// What an application throws when it cannot do what it was asked for.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum HostError {
    /// It did not work.
    #[error("{reason}")]
    Failed {
        /// In the application's words, for reports; never shown or spoken.
        reason: String,
    },
}

/// Whatever else an application throws.
impl From<uniffi::UnexpectedUniFFICallbackError> for HostError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed {
            reason: error.reason,
        }
    }
}
