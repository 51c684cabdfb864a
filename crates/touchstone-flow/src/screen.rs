//! The screen: a complete picture, drawn as it is.

use alloc::vec::Vec;

use crate::{Msg, Step};

/// Everything that is shown, always in this order: title, status, detail, field, button, secondary actions, help.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Screen {
    /// Grows with every screen; a press carries it.
    pub seq: u64,
    /// Where the person is.
    pub step: Step,
    /// The heading.
    pub title: Msg,
    /// What is so, then what to do.
    pub status: Msg,
    /// A quiet second line, readable and never announced by itself.
    pub detail: Option<Msg>,
    /// The large button; never disabled.
    pub primary: Action,
    /// The other controls; Cancel first where there is one, Help last.
    pub secondary: Vec<Action>,
    /// The help the person has opened; below everything else.
    pub help: Option<Msg>,
    /// What to type into.
    pub field: Option<Field>,
    /// Where to move the focus, once; nowhere when `None`.
    pub focus: Option<FocusTarget>,
    /// Something is under way and nothing is asked of the person.
    pub busy: bool,
}

/// A control.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Action {
    /// What it does. A press of it goes back with this and with the number of the screen.
    pub id: ActionId,
    /// Its visible label, which is also its accessible name.
    pub label: Msg,
}

/// What a control does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum ActionId {
    /// Connect device: begin.
    ConnectDevice,
    /// Continue to the system's permission dialog.
    Continue,
    /// Open settings.
    OpenSettings,
    /// Turn on Bluetooth.
    TurnOnBluetooth,
    /// Turn on location.
    TurnOnLocation,
    /// Say the status again.
    SayAgain,
    /// Look again for devices.
    LookAgain,
    /// Try again.
    TryAgain,
    /// Enter the counted signals.
    Enter,
    /// Give the signals again.
    Repeat,
    /// Choose how the device is to signal.
    ChangeSignals,
    /// Give the signals again, more slowly.
    RepeatSlower,
    /// Give the signals again, as fast as at first.
    RepeatFaster,
    /// Give signals of another kind.
    OtherSignal,
    /// Use the offered network; also confirms the responding device.
    UseNetwork,
    /// Connect with the typed password.
    Connect,
    /// Check the internet again.
    CheckAgain,
    /// Finish.
    Finish,
    /// Change the Wi-Fi of an owned device.
    ChangeWifi,
    /// Cancel.
    Cancel,
    /// Show the list of networks.
    OtherNetworks,
    /// Type the name of a network.
    TypeName,
    /// The network whose name is typed has no password.
    NoPassword,
    /// Get a newer list.
    Refresh,
    /// This is not the device that was meant.
    NotMyDevice,
    /// Show or hide the password.
    ShowPassword,
    /// Finish without internet.
    FinishAnyway,
    /// Connect another device.
    ConnectAnother,
    /// Give up an owned device.
    ForgetDevice,
    /// Open the help of this screen.
    Help,
}

/// Something to type or choose into.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Field {
    /// What is typed.
    pub kind: FieldKind,
    /// Its label, always visible.
    pub label: Msg,
    /// What is expected.
    pub hint: Msg,
    /// What is wrong with its content, tied to it for the screen reader.
    pub error: Option<Msg>,
    /// Whether a password is shown in clear. The host keeps the text itself, also after a failure.
    pub revealed: bool,
}

/// What is typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum FieldKind {
    /// A Wi-Fi password: a password field with paste and autofill.
    Password,
    /// The name of a network.
    NetworkName,
    /// Three numbers of 1 to 6, without a default.
    Counts,
}

/// Where the focus goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum FocusTarget {
    /// To the heading.
    Title,
    /// To the heading, only if the focus was on a control that is gone.
    TitleIfLost,
    /// To the field.
    Field,
}
