//! The one place where btleplug's errors become [`RadioError`].

use touchstone::ports::{RadioError, RadioState};

/// What a failed btleplug call means for the caller.
///
/// A broken link shows as at least three different errors (an event, an unknown D-Bus object, "ATT error 0x0e"); all become [`RadioError::LinkLost`].
pub(crate) fn radio_error(error: btleplug::Error) -> RadioError {
    use btleplug::Error;
    match error {
        Error::NotConnected | Error::DeviceNotFound | Error::TimedOut(_) => RadioError::LinkLost,
        Error::PermissionDenied => RadioError::Unusable(RadioState::Blocked),
        Error::NoAdapterAvailable => RadioError::Unusable(RadioState::Missing),
        Error::NoSuchCharacteristic | Error::UnexpectedCharacteristic => RadioError::NoService,
        // Not Display: it leaves out the name of a D-Bus error, which says the most.
        other => from_text(format!("{other:?}")),
    }
}

/// The rest arrives as text only. The first match wins.
static MEANINGS: [(RadioError, &[&str]); 4] = [
    (
        RadioError::Unusable(RadioState::Off),
        &["org.bluez.error.notready", "powered off"],
    ),
    // D-Bus policy, polkit, Android's SecurityException.
    (
        RadioError::Unusable(RadioState::Blocked),
        &["dbus.error.accessdenied", "securityexception", "permission"],
    ),
    // No bluetoothd, no system bus, no adapter.
    (
        RadioError::Unusable(RadioState::Missing),
        &[
            "dbus.error.serviceunknown",
            "dbus.error.namehasnoowner",
            "dbus.error.filenotfound",
            "dbus.error.noserver",
            "bluetooth adapter",
        ],
    ),
    (
        RadioError::LinkLost,
        &[
            // BlueZ drops the objects of a device that is gone.
            "dbus.error.unknownobject",
            "dbus.error.unknownmethod",
            "org.bluez.error.doesnotexist",
            // "Unlikely error": BlueZ's answer for every request that was open when the link broke.
            "att error: 0x0e",
            "att error 0x0e",
            "org.bluez.error.notconnected",
            "org.bluez.error.connectionattemptfailed",
            "org.bluez.error.inprogress",
            "connection-abort",
            "connection abort",
            "not connected",
            "disconnected",
            "timed out",
            "dbus.error.noreply",
        ],
    ),
];

fn from_text(text: String) -> RadioError {
    let lower = text.to_lowercase();
    MEANINGS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| lower.contains(sign)))
        .map_or(RadioError::Other(text), |(meaning, _)| meaning.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[cfg(target_os = "linux")]
    /// As bluez-async wraps what D-Bus answers.
    fn bluez(name: &str, message: &str) -> RadioError {
        #[derive(Debug)]
        struct DbusError(#[allow(dead_code)] dbus::Error);
        impl std::fmt::Display for DbusError {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::error::Error for DbusError {}
        let error = dbus::Error::new_custom(name, message);
        radio_error(btleplug::Error::Other(Box::new(DbusError(error))))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn every_face_of_a_broken_link_is_link_lost() {
        assert_eq!(
            radio_error(btleplug::Error::NotConnected),
            RadioError::LinkLost
        );
        assert_eq!(
            radio_error(btleplug::Error::DeviceNotFound),
            RadioError::LinkLost
        );
        assert_eq!(
            radio_error(btleplug::Error::TimedOut(Duration::from_secs(1))),
            RadioError::LinkLost
        );
        for (name, message) in [
            (
                "org.freedesktop.DBus.Error.UnknownObject",
                "Method \"WriteValue\" with signature \"aya{sv}\" on interface \"org.bluez.GattCharacteristic1\" doesn't exist\n",
            ),
            (
                "org.bluez.Error.Failed",
                "Operation failed with ATT error: 0x0e",
            ),
            ("org.bluez.Error.Failed", "Not connected"),
            ("org.bluez.Error.Failed", "le-connection-abort-by-local"),
            ("org.bluez.Error.Failed", "Software caused connection abort"),
            (
                "org.freedesktop.DBus.Error.NoReply",
                "Did not receive a reply",
            ),
        ] {
            assert_eq!(bluez(name, message), RadioError::LinkLost, "{message}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_adapter_that_is_off_or_absent_or_forbidden_is_unusable() {
        assert_eq!(
            bluez("org.bluez.Error.NotReady", "Resource Not Ready"),
            RadioError::Unusable(RadioState::Off)
        );
        assert_eq!(
            bluez(
                "org.freedesktop.DBus.Error.ServiceUnknown",
                "The name org.bluez was not provided by any .service files"
            ),
            RadioError::Unusable(RadioState::Missing)
        );
        assert_eq!(
            bluez(
                "org.freedesktop.DBus.Error.FileNotFound",
                "Failed to connect to socket /run/dbus/system_bus_socket"
            ),
            RadioError::Unusable(RadioState::Missing)
        );
        assert_eq!(
            bluez(
                "org.freedesktop.DBus.Error.AccessDenied",
                "Rejected send message"
            ),
            RadioError::Unusable(RadioState::Blocked)
        );
        assert_eq!(
            radio_error(btleplug::Error::PermissionDenied),
            RadioError::Unusable(RadioState::Blocked)
        );
    }

    #[test]
    fn what_is_not_understood_is_passed_on_in_the_hosts_words() {
        let RadioError::Other(text) = radio_error(btleplug::Error::Other("a lemon".into())) else {
            panic!("understood");
        };
        assert!(text.contains("a lemon"));
    }
}
