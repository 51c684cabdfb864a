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
        other => from_text(other.to_string()),
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

    fn other(text: &str) -> RadioError {
        radio_error(btleplug::Error::Other(text.to_owned().into()))
    }

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
        for text in [
            "D-Bus error: Operation failed with ATT error: 0x0e (org.bluez.Error.Failed)",
            "D-Bus error: Method \"WriteValue\" with signature \"aya{sv}\" on interface \"org.bluez.GattCharacteristic1\" doesn't exist (org.freedesktop.DBus.Error.UnknownObject)",
            "D-Bus error: Not connected (org.bluez.Error.Failed)",
            "D-Bus error: le-connection-abort-by-local (org.bluez.Error.Failed)",
            "D-Bus error: Software caused connection abort (org.bluez.Error.Failed)",
            "Service discovery timed out",
        ] {
            assert_eq!(other(text), RadioError::LinkLost, "{text}");
        }
    }

    #[test]
    fn an_adapter_that_is_off_or_absent_or_forbidden_is_unusable() {
        assert_eq!(
            other("D-Bus error: Resource Not Ready (org.bluez.Error.NotReady)"),
            RadioError::Unusable(RadioState::Off)
        );
        assert_eq!(
            other(
                "D-Bus error: The name org.bluez was not provided by any .service files (org.freedesktop.DBus.Error.ServiceUnknown)"
            ),
            RadioError::Unusable(RadioState::Missing)
        );
        assert_eq!(
            other(
                "D-Bus error: Failed to connect to socket /run/dbus/system_bus_socket: No such file or directory (org.freedesktop.DBus.Error.FileNotFound)"
            ),
            RadioError::Unusable(RadioState::Missing)
        );
        assert_eq!(
            radio_error(btleplug::Error::PermissionDenied),
            RadioError::Unusable(RadioState::Blocked)
        );
    }

    #[test]
    fn what_is_not_understood_is_passed_on_in_the_hosts_words() {
        assert_eq!(other("a lemon"), RadioError::Other("a lemon".to_owned()));
    }
}
