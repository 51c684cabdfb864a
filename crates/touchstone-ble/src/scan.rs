//! Scanning: which reports are sightings of a Touchstone device, and when the scan ends.

use std::{collections::HashMap, sync::Arc, time::Duration};

use btleplug::{
    api::{Central, CentralEvent, CentralState, Peripheral as _, PeripheralProperties, ScanFilter},
    platform::{Adapter, PeripheralId},
};
use futures::{StreamExt, stream::BoxStream};
use tokio::{
    runtime::Handle,
    sync::{Mutex, mpsc},
    time::MissedTickBehavior,
};
use touchstone::ports::{RadioError, RadioState, Sighting};
use touchstone_proto::{advert::ADVERT_LENGTH, gatt};
use uuid::Uuid;

use crate::{error::radio_error, opened::Opened};

/// How often the list of known peripherals is looked through.
///
/// Events go through a queue of 16 that drops silently on most platforms, so they alone are not enough.
const SWEEP: Duration = Duration::from_millis(500);

/// "Not available" in the Core Specification (volume 4, part E, 7.7.65.2).
const NO_RSSI: i16 = 127;

/// The sighting in what a host knows of a peripheral, if it is one.
///
/// Hosts merge the filters of all their clients and remember absent devices: only service data of ours that came with a signal strength counts.
pub(crate) fn sighting(id: &str, properties: &PeripheralProperties) -> Option<Sighting> {
    let service_data = properties
        .service_data
        .get(&Uuid::from_u128(gatt::SERVICE))
        .filter(|data| data.len() == ADVERT_LENGTH)?;
    let rssi = properties.rssi.filter(|&rssi| rssi != NO_RSSI)?;
    Some(Sighting {
        id: touchstone::ports::PeripheralId(id.to_owned()),
        rssi: Some(rssi),
        service_data: service_data.clone(),
    })
}

/// Who a scan event is about, when it says that somebody advertised.
fn advertiser(event: &CentralEvent) -> Option<&PeripheralId> {
    match event {
        CentralEvent::DeviceDiscovered(id)
        | CentralEvent::DeviceUpdated(id)
        | CentralEvent::ServiceDataAdvertisement { id, .. }
        // A device that the host knows already gives nothing but these two.
        | CentralEvent::ServicesAdvertisement { id, .. }
        | CentralEvent::RssiUpdate { id, .. } => Some(id),
        _ => None,
    }
}

/// Reports of a sweep that are news: a host's list does not say when a device was last heard.
#[derive(Default)]
struct News(HashMap<touchstone::ports::PeripheralId, Sighting>);

impl News {
    /// Whether `sighting` differs from the last one of this peripheral.
    fn is_new(&mut self, sighting: &Sighting) -> bool {
        self.0
            .insert(sighting.id.clone(), sighting.clone())
            .as_ref()
            != Some(sighting)
    }
}

/// The scans that share the adapter, and the connects that need them to pause.
///
/// BlueZ leaves a connection waiting until its discovery takes a break, which can be 10 s; other controllers refuse one.
#[derive(Clone, Default)]
pub(crate) struct Scans(Arc<Mutex<Wanted>>);

#[derive(Default)]
struct Wanted {
    scans: usize,
    pauses: usize,
    scanning: bool,
}

impl Wanted {
    /// Starts or stops the adapter's scan, as wanted.
    async fn settle(&mut self, adapter: &Adapter) -> Result<(), RadioError> {
        let wanted = self.scans > 0 && self.pauses == 0;
        if wanted == self.scanning {
            return Ok(());
        }
        if wanted {
            let filter = ScanFilter {
                services: vec![Uuid::from_u128(gatt::SERVICE)],
            };
            // Said before it is done: a caller that is cancelled meanwhile must not leave a scan that nobody stops.
            self.scanning = true;
            let started = adapter.start_scan(filter).await.map_err(radio_error);
            self.scanning = started.is_ok();
            started
        } else {
            // Fails when the adapter has gone, which has stopped the scan too.
            let _ = adapter.stop_scan().await;
            self.scanning = false;
            Ok(())
        }
    }
}

impl Scans {
    /// Starts a scan.
    async fn start(&self, opened: &Arc<Opened>, runtime: &Handle) -> Result<Turn, RadioError> {
        let mut wanted = self.0.lock().await;
        wanted.scans += 1;
        let turn = Turn::new(self, opened, runtime, |wanted| wanted.scans -= 1);
        wanted.settle(&opened.adapter).await?;
        Ok(turn)
    }

    /// Resumes the scan if that has failed before.
    async fn resume(&self, opened: &Opened) -> Result<(), RadioError> {
        match self.0.try_lock() {
            Ok(mut wanted) => wanted.settle(&opened.adapter).await,
            // Somebody is just doing it.
            Err(_) => Ok(()),
        }
    }

    /// Makes every scan pause until the result is dropped.
    pub(crate) async fn pause(&self, opened: &Arc<Opened>, runtime: &Handle) -> Turn {
        let mut wanted = self.0.lock().await;
        wanted.pauses += 1;
        let turn = Turn::new(self, opened, runtime, |wanted| wanted.pauses -= 1);
        // Stopping does not fail.
        let _ = wanted.settle(&opened.adapter).await;
        turn
    }
}

/// A running scan or a pause; dropping it ends it.
pub(crate) struct Turn {
    scans: Scans,
    opened: Arc<Opened>,
    runtime: Handle,
    end: fn(&mut Wanted),
}

impl Turn {
    fn new(scans: &Scans, opened: &Arc<Opened>, runtime: &Handle, end: fn(&mut Wanted)) -> Self {
        Self {
            scans: scans.clone(),
            opened: opened.clone(),
            runtime: runtime.clone(),
            end,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (opened, lock, end) = (self.opened.clone(), self.scans.0.clone(), self.end);
        self.runtime.spawn(async move {
            let mut wanted = lock.lock_owned().await;
            end(&mut wanted);
            // A scan that could not be resumed tries again at its next sweep.
            let _ = wanted.settle(&opened.adapter).await;
        });
    }
}

/// Scans until the returned stream is dropped, or ends it when the adapter is switched off or removed.
pub(crate) async fn scan(
    opened: Arc<Opened>,
    scans: &Scans,
    runtime: &Handle,
) -> Result<BoxStream<'static, Sighting>, RadioError> {
    let mut news = News::default();
    // What is known before the scan starts is a memory of earlier scans.
    sweep(&opened.adapter, &mut news).await;
    let mut events = opened
        .events()
        .ok_or(RadioError::Unusable(RadioState::Missing))?;
    let active = scans.start(&opened, runtime).await?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let active_scans = scans.clone();
    runtime.spawn(async move {
        let adapter = &opened.adapter;
        let mut ticks = tokio::time::interval(SWEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let found = tokio::select! {
                () = sender.closed() => return,
                event = events.next() => match event {
                    None => return,
                    Some(event) => match advertiser(&event) {
                        Some(id) => look(adapter, id, &mut news).await.into_iter().collect(),
                        None => Vec::new(),
                    },
                },
                _ = ticks.tick() => {
                    if let Ok(CentralState::PoweredOff) | Err(_) = adapter.adapter_state().await {
                        return;
                    }
                    if active_scans.resume(&opened).await.is_err() {
                        return;
                    }
                    sweep(adapter, &mut news).await
                }
            };
            for sighting in found {
                if sender.send(sighting).is_err() {
                    return;
                }
            }
        }
    });
    let open = (receiver, active);
    Ok(
        futures::stream::unfold(open, |(mut receiver, active)| async {
            let sighting = receiver.recv().await?;
            Some((sighting, (receiver, active)))
        })
        .boxed(),
    )
}

async fn look(adapter: &Adapter, id: &PeripheralId, news: &mut News) -> Option<Sighting> {
    let peripheral = adapter.peripheral(id).await.ok()?;
    let properties = peripheral.properties().await.ok()??;
    let sighting = sighting(&id.to_string(), &properties)?;
    news.is_new(&sighting);
    Some(sighting)
}

async fn sweep(adapter: &Adapter, news: &mut News) -> Vec<Sighting> {
    let mut found = Vec::new();
    for peripheral in adapter.peripherals().await.unwrap_or_default() {
        let Ok(Some(properties)) = peripheral.properties().await else {
            continue;
        };
        if let Some(sighting) = sighting(&peripheral.id().to_string(), &properties)
            && news.is_new(&sighting)
        {
            found.push(sighting);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertising(data: Option<Vec<u8>>, rssi: Option<i16>) -> PeripheralProperties {
        PeripheralProperties {
            rssi,
            services: vec![Uuid::from_u128(gatt::SERVICE)],
            service_data: data
                .map(|data| (Uuid::from_u128(gatt::SERVICE), data))
                .into_iter()
                .collect(),
            ..Default::default()
        }
    }

    #[test]
    fn a_touchstone_advertisement_is_a_sighting() {
        let properties = advertising(Some(vec![1; 12]), Some(-40));
        assert_eq!(
            sighting("hci0/dev", &properties),
            Some(Sighting {
                id: touchstone::ports::PeripheralId("hci0/dev".to_owned()),
                rssi: Some(-40),
                service_data: vec![1; 12],
            })
        );
    }

    #[test]
    fn a_remembered_device_is_not_a_sighting() {
        assert_eq!(sighting("d", &advertising(Some(vec![1; 12]), None)), None);
        assert_eq!(
            sighting("d", &advertising(Some(vec![1; 12]), Some(NO_RSSI))),
            None
        );
    }

    #[test]
    fn service_data_of_another_length_or_service_is_not_a_sighting() {
        assert_eq!(
            sighting("d", &advertising(Some(vec![1; 11]), Some(-40))),
            None
        );
        assert_eq!(
            sighting("d", &advertising(Some(vec![1; 13]), Some(-40))),
            None
        );
        assert_eq!(sighting("d", &advertising(None, Some(-40))), None);
        let mut foreign = advertising(None, Some(-40));
        foreign
            .service_data
            .insert(Uuid::from_u128(gatt::UP), vec![1; 12]);
        assert_eq!(sighting("d", &foreign), None);
    }

    #[test]
    fn a_sweep_reports_only_what_has_changed_since_the_last_report() {
        let mut news = News::default();
        let first = sighting("d", &advertising(Some(vec![1; 12]), Some(-40))).unwrap();
        assert!(news.is_new(&first));
        assert!(!news.is_new(&first));
        let nearer = sighting("d", &advertising(Some(vec![1; 12]), Some(-30))).unwrap();
        assert!(news.is_new(&nearer));
        let armed = sighting("d", &advertising(Some(vec![2; 12]), Some(-30))).unwrap();
        assert!(news.is_new(&armed));
        let neighbour = sighting("e", &advertising(Some(vec![2; 12]), Some(-30))).unwrap();
        assert!(news.is_new(&neighbour));
    }
}
