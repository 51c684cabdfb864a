//! [`Radio`](touchstone::ports::Radio) and [`Link`](touchstone::ports::Link) on btleplug: Linux, macOS, Windows, iOS and Android.
//!
//! The only crate that knows btleplug and the quirks of the platforms' Bluetooth stacks. It decides nothing: it reads no advertisement,
//! retries nothing, and never sees what a fragment contains.
//!
//! | platform | before the first use |
//! |---|---|
//! | Linux | nothing; BlueZ is reached over the system bus |
//! | macOS, iOS | an app bundle needs `NSBluetoothAlwaysUsageDescription`; the system's dialog opens at [`request`](touchstone::ports::Radio::request) |
//! | Windows | nothing |
//! | Android | `android::init` from a thread that Java entered; permissions are the application's |

#![deny(unsafe_code)]

#[cfg(target_os = "android")]
pub mod android;
#[cfg(target_vendor = "apple")]
mod apple;
#[cfg(target_os = "linux")]
mod bluez;
mod error;
mod link;
mod opened;
mod radio;
mod runtime;
mod scan;

pub use radio::BleRadio;
