//! The attribute table (docs/PROTOCOL.md section 1).

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use touchstone_device::LINK_SLOTS;
use touchstone_proto::gatt;
use trouble_host::prelude::{
    AttributeServer, AttributeTable, Characteristic, CharacteristicProp, DefaultPacketPool,
    GAP_SERVICE_ATTRIBUTE_COUNT, GapConfig, Uuid,
};

/// Service declaration; declaration and value of up; declaration, value and client configuration of down.
const ATTRIBUTES: usize = GAP_SERVICE_ATTRIBUTE_COUNT + 1 + 2 + 3;

/// The GAP device name. Not advertised: the device is told by its service data.
const NAME: &str = "Touchstone";

/// The attribute server and where the two characteristics are in it.
pub(crate) struct Service {
    pub(crate) server:
        AttributeServer<'static, NoopRawMutex, DefaultPacketPool, ATTRIBUTES, LINK_SLOTS>,
    pub(crate) up: u16,
    pub(crate) down: Characteristic<[u8]>,
}

impl Service {
    pub(crate) fn new() -> Self {
        let mut table = AttributeTable::new();
        // Before the GAP service: at ATT_MTU 23 trouble-host cuts a 128-bit declaration that follows 16-bit ones down to their length, and BlueZ then
        // finds another characteristic.
        let mut service =
            table.add_service(trouble_host::prelude::Service::new(uuid(gatt::SERVICE)));
        // Neither value is ever stored: fragments go straight to the role and from it.
        let up = service
            .add_characteristic_small::<[u8; 0], _, _>(
                uuid(gatt::UP),
                [CharacteristicProp::WriteWithoutResponse],
                [],
            )
            .build()
            .handle;
        let down = service
            .add_characteristic_small::<[u8; 0], _, _>(
                uuid(gatt::DOWN),
                [CharacteristicProp::Notify],
                [],
            )
            .build()
            .to_raw();
        service.build();
        // Fails only for a name longer than 22 bytes.
        let _ = GapConfig::default(NAME).build(&mut table);
        Self {
            server: AttributeServer::new(table),
            up,
            down,
        }
    }
}

/// On the air UUIDs are little-endian.
fn uuid(uuid: u128) -> Uuid {
    Uuid::new_long(uuid.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_room_for_the_service_and_no_more() {
        let service = Service::new();
        assert_eq!(service.server.table().len(), ATTRIBUTES);
        assert_eq!(
            service.server.table().uuid(service.up),
            Some(uuid(gatt::UP))
        );
        assert_eq!(
            service.server.table().uuid(service.down.handle),
            Some(uuid(gatt::DOWN))
        );
        assert!(service.down.cccd_handle.is_some());
    }

    #[test]
    fn no_declaration_of_ours_follows_a_shorter_one() {
        let service = Service::new();
        assert_eq!((service.up, service.down.handle), (3, 5));
    }
}
