//! Advertising (docs/PROTOCOL.md section 2).

use core::{convert::Infallible, pin::pin};

use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Timer};
use touchstone_proto::{advert::ADVERT_LENGTH, gatt};
use trouble_host::prelude::{
    Advertisement, AdvertisementParameters, DefaultPacketPool, Peripheral,
};

use crate::{Arrivals, BleHostError, Controller, Role, Shared, now};

/// 100 ms: found at once by a phone that scans half of the time, and cheap enough for a device on mains.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long to wait after the controller has refused to advertise, if nothing else happens.
const AGAIN: Duration = Duration::from_secs(1);

/// AD types (Core Specification Supplement, part A): flags, complete list of 128-bit UUIDs, service data of a 128-bit UUID.
const FLAGS: u8 = 0x01;
const COMPLETE_UUIDS_128: u8 = 0x07;
const SERVICE_DATA_128: u8 = 0x21;
/// LE General Discoverable Mode, BR/EDR not supported.
const LE_ONLY: u8 = 0x06;

/// The advertising data, the same at any time.
const PRIMARY: [u8; 21] = {
    let uuid = gatt::SERVICE.to_le_bytes();
    let mut data = [0; 21];
    data[0] = 2;
    data[1] = FLAGS;
    data[2] = LE_ONLY;
    data[3] = 17;
    data[4] = COMPLETE_UUIDS_128;
    let mut i = 0;
    while i < 16 {
        data[5 + i] = uuid[i];
        i += 1;
    }
    data
};

/// The scan response that carries `service_data`.
fn scan_response(service_data: [u8; ADVERT_LENGTH]) -> [u8; 30] {
    let mut data = [0; 30];
    data[0] = 29;
    data[1] = SERVICE_DATA_128;
    data[2..18].copy_from_slice(&gatt::SERVICE.to_le_bytes());
    data[18..].copy_from_slice(&service_data);
    data
}

impl<R: Role> Shared<'_, R> {
    /// Advertises what the role says while a slot is free, and hands connections over.
    pub(crate) async fn advertise<'s, C: Controller>(
        &self,
        peripheral: &mut Peripheral<'s, C, DefaultPacketPool>,
        arrivals: &Arrivals<'s>,
    ) -> Result<Infallible, BleHostError<C::Error>> {
        let parameters = AdvertisementParameters {
            interval_min: INTERVAL,
            interval_max: INTERVAL,
            ..Default::default()
        };
        loop {
            let Some(mut service_data) = self.service_data() else {
                self.advert_changed.wait().await;
                continue;
            };
            let started = peripheral
                .advertise(&parameters, advertisement(&scan_response(service_data)))
                .await;
            let advertiser = match started {
                Ok(advertiser) => advertiser,
                Err(error @ BleHostError::Controller(_)) => return Err(error),
                // Some controllers cannot advertise while they are connected.
                Err(BleHostError::BleHost(_)) => {
                    select(self.advert_changed.wait(), Timer::after(AGAIN)).await;
                    continue;
                }
            };
            let mut accepting = pin!(advertiser.accept());
            loop {
                match select(&mut accepting, self.advert_changed.wait()).await {
                    Either::First(accepted) => {
                        // An error means that the controller has stopped advertising.
                        if let Ok(connection) = accepted {
                            self.free.set(self.free.get().saturating_sub(1));
                            arrivals.send(connection).await;
                        }
                        break;
                    }
                    Either::Second(()) => match self.service_data() {
                        Some(same) if same == service_data => {}
                        Some(other) => {
                            service_data = other;
                            let updated = peripheral
                                .update_adv_data(advertisement(&scan_response(service_data)))
                                .await;
                            if let Err(error @ BleHostError::Controller(_)) = updated {
                                return Err(error);
                            }
                        }
                        None => break,
                    },
                }
            }
        }
    }

    fn service_data(&self) -> Option<[u8; ADVERT_LENGTH]> {
        if self.free.get() == 0 {
            return None;
        }
        let advert = self.role.borrow().advertisement(now())?;
        Some(advert.encode())
    }
}

fn advertisement(scan_data: &[u8]) -> Advertisement<'_> {
    Advertisement::ConnectableScannableUndirected {
        adv_data: &PRIMARY,
        scan_data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_data_is_flags_and_the_service_uuid() {
        assert_eq!(PRIMARY[..5], [2, 1, 6, 17, 7]);
        // As written in docs/PROTOCOL.md, last byte first.
        assert_eq!(PRIMARY[5..9], [0xf8, 0x73, 0x87, 0xc6]);
        assert_eq!(PRIMARY[20], 0x4b);
    }

    #[test]
    fn the_scan_response_is_the_service_data() {
        let data = scan_response([9; 12]);
        assert_eq!(data[..2], [29, 0x21]);
        assert_eq!(data[2..18], PRIMARY[5..]);
        assert_eq!(data[18..], [9; 12]);
    }
}
