//! The air between controllers: one phone (the kernel, through /dev/vhci) and devices (programs that speak HCI on unix sockets).
//!
//! `btvirt -s` plays the controllers, one for each connection to its socket. It reports an advertisement only at the moment scanning starts, always
//! with the same RSSI, and has no connection interval and no way to lose a link; the air in between adds all of these, and the faults of the
//! scenarios. It never reads more of the traffic than docs/PROTOCOL.md shows to any sniffer.

mod hci;
mod link;
mod tap;

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use self::hci::Packets;
pub(super) use self::link::Deed;
use self::link::{Link, Outgoing, Rule};
pub(super) use self::tap::{Seen, Toward};

/// Controller of the phone; device `n` has controller `n + 1`.
const PHONE: usize = 0;
/// Report type of a scan response.
const SCAN_RESPONSE: u8 = 4;
/// A link is given up after this long without a packet.
const SUPERVISION: Duration = Duration::from_millis(420);
const ADVERTISING_INTERVAL: Duration = Duration::from_millis(60);

/// The air; clones are the same air.
#[derive(Clone)]
pub(super) struct Air(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    start: Instant,
    /// Towards btvirt, one for each controller.
    controllers: Vec<Mutex<UnixStream>>,
    /// Towards the hosts, one for each controller, while a host is there.
    hosts: Vec<Mutex<Option<Host>>>,
    state: Mutex<State>,
}

/// The writing side of a host.
struct Host {
    out: File,
    queue: Sender<Outgoing>,
}

struct State {
    scan: Scan,
    adverts: Vec<Advert>,
    links: Vec<Link>,
    interval: Duration,
    rules: Vec<Rule>,
    log: Vec<String>,
    power_cuts: Sender<usize>,
}

#[derive(Default)]
struct Scan {
    on: bool,
    active: bool,
    drop_duplicates: bool,
    /// Device, kind and data of every report since scanning began.
    reported: HashSet<(usize, u8, Vec<u8>)>,
}

/// What a device's host told its controller about advertising.
#[derive(Clone)]
struct Advert {
    on: bool,
    kind: u8,
    own_address_is_random: bool,
    public: [u8; 6],
    random: [u8; 6],
    data: Vec<u8>,
    scan_response: Vec<u8>,
    rssi: i8,
}

impl Default for Advert {
    fn default() -> Self {
        Self {
            on: false,
            kind: 0,
            own_address_is_random: false,
            public: [0; 6],
            random: [0; 6],
            data: Vec::new(),
            scan_response: Vec::new(),
            rssi: -50,
        }
    }
}

impl Advert {
    fn address(&self) -> [u8; 6] {
        if self.own_address_is_random {
            self.random
        } else {
            self.public
        }
    }
}

impl Air {
    /// Takes controllers from the btvirt at `btvirt`, and plugs the first one into the kernel. Sockets for `devices` devices appear in `folder`.
    /// The receiver tells of each device whose power a rule cut: kill it.
    pub(super) fn start(
        btvirt: &Path,
        folder: &Path,
        devices: usize,
    ) -> Result<(Self, Receiver<usize>)> {
        let mut controllers = Vec::new();
        for _ in 0..=devices {
            let stream = (0..200).find_map(|_| {
                UnixStream::connect(btvirt).ok().or_else(|| {
                    sleep(Duration::from_millis(25));
                    None
                })
            });
            controllers.push(
                stream
                    .with_context(|| format!("btvirt does not listen on {}", btvirt.display()))?,
            );
            // btvirt numbers controllers in the order in which it comes to accept.
            sleep(Duration::from_millis(50));
        }
        let (power_cuts, cuts) = channel();
        let readers = controllers
            .iter()
            .map(UnixStream::try_clone)
            .collect::<std::io::Result<Vec<_>>>()?;
        let air = Self(Arc::new(Shared {
            folder: folder.to_owned(),
            start: Instant::now(),
            hosts: controllers.iter().map(|_| Mutex::new(None)).collect(),
            controllers: controllers.into_iter().map(Mutex::new).collect(),
            state: Mutex::new(State {
                scan: Scan::default(),
                adverts: vec![Advert::default(); devices],
                links: (0..devices).map(|_| Link::default()).collect(),
                interval: Duration::ZERO,
                rules: Vec::new(),
                log: Vec::new(),
                power_cuts,
            }),
        }));
        let mut vhci = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/vhci")
            .context("cannot open /dev/vhci")?;
        vhci.write_all(&[hci::VENDOR, 0])
            .context("cannot make a controller in the kernel")?;
        air.host_arrived(PHONE, vhci.try_clone()?);
        let phone = air.clone();
        spawn(move || phone.read_host(PHONE, vhci));
        for device in 0..devices {
            let socket = air.socket(device);
            std::fs::remove_file(&socket).ok();
            let listener = UnixListener::bind(&socket)
                .with_context(|| format!("cannot listen on {}", socket.display()))?;
            let air = air.clone();
            spawn(move || air.serve_device(device, &listener));
        }
        for (controller, reader) in readers.into_iter().enumerate() {
            let air = air.clone();
            spawn(move || air.read_controller(controller, reader));
        }
        let advertiser = air.clone();
        spawn(move || advertiser.advertise());
        Ok((air, cuts))
    }

    /// Where the program of a device connects.
    pub(super) fn socket(&self, device: usize) -> PathBuf {
        self.0.folder.join(format!("device-{device}.sock"))
    }

    /// Back to a perfect air, for the next scenario.
    pub(super) fn calm(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.log.clear();
        state.interval = Duration::ZERO;
        for advert in &mut state.adverts {
            advert.rssi = -50;
        }
    }

    /// How strongly the phone receives a device, in dBm.
    pub(super) fn set_rssi(&self, device: usize, rssi: i8) {
        self.state().adverts[device].rssi = rssi;
    }

    /// Data passes only at multiples of this; zero: at once.
    pub(super) fn set_connection_interval(&self, interval: Duration) {
        self.state().interval = interval;
    }

    /// Asks `rule` at the beginning of every envelope what to do.
    pub(super) fn on_envelope(&self, rule: impl FnMut(Seen) -> Deed + Send + 'static) {
        self.state().rules.push(Box::new(rule));
    }

    /// What happened since `calm`, one line each.
    pub(super) fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// The address a device advertises with, most significant byte first.
    pub(super) fn address(&self, device: usize) -> [u8; 6] {
        let mut address = self.state().adverts[device].address();
        address.reverse();
        address
    }

    /// Whether a device can be found now.
    pub(super) fn is_advertising(&self, device: usize) -> bool {
        self.state().adverts[device].on
    }

    /// Whether the phone has a link to any device.
    pub(super) fn has_links(&self) -> bool {
        self.state().links.iter().any(Link::is_up)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, text: impl AsRef<str>) {
        let line = format!(
            "{:9.3} {}",
            self.0.start.elapsed().as_secs_f64(),
            text.as_ref()
        );
        self.state().log.push(line);
    }

    fn to_controller(&self, controller: usize, packet: &[u8]) {
        let mut stream = self.0.controllers[controller]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = stream.write_all(packet) {
            drop(stream);
            self.note(format!("controller {controller} is gone: {error}"));
        }
    }

    /// Past everything that waits for its moment.
    fn to_host_now(&self, controller: usize, packet: &[u8]) {
        let mut host = self.0.hosts[controller]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let failed = host
            .as_mut()
            .is_some_and(|host| host.out.write_all(packet).is_err());
        if failed {
            *host = None;
        }
    }

    fn to_host_in_turn(&self, controller: usize, packet: Outgoing) {
        let host = self.0.hosts[controller]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = host.as_ref() {
            host.queue.send(packet).ok();
        }
    }

    fn host_arrived(&self, controller: usize, out: File) {
        let (queue, waiting) = channel();
        *self.0.hosts[controller]
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Host { out, queue });
        let air = self.clone();
        spawn(move || air.deliver(controller, &waiting));
    }

    fn deliver(&self, controller: usize, waiting: &Receiver<Outgoing>) {
        for packet in waiting {
            sleep(packet.due.saturating_duration_since(Instant::now()));
            let alive = match packet.of {
                Some((device, life)) => self.state().links[device].passes(life),
                None => true,
            };
            if alive {
                self.to_host_now(controller, &packet.bytes);
                if let Some((sender, handle)) = packet.sender {
                    self.to_host_now(sender, &hci::completed_packet(handle));
                }
            }
        }
    }

    fn serve_device(&self, device: usize, listener: &UnixListener) {
        while let Ok((stream, _)) = listener.accept() {
            let Ok(out) = stream.try_clone() else {
                continue;
            };
            self.note(format!("device {device} switched on"));
            self.host_arrived(device + 1, File::from(std::os::fd::OwnedFd::from(out)));
            self.read_host(device + 1, stream);
            *self.0.hosts[device + 1]
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = None;
            self.note(format!("device {device} switched off"));
            let rssi = self.state().adverts[device].rssi;
            self.state().adverts[device] = Advert {
                rssi,
                ..Advert::default()
            };
            // Its peer notices when the supervision timeout has passed; nobody hears it advertise meanwhile.
            self.to_controller(device + 1, &hci::command(hci::ADVERTISING_ENABLE, &[0]));
            self.lose_link(device);
            self.to_controller(device + 1, &hci::command(hci::RESET, &[]));
            sleep(Duration::from_millis(20));
        }
    }

    fn read_host(&self, controller: usize, from: impl std::io::Read) {
        let mut packets = Packets::new(from);
        while let Ok(Some(packet)) = packets.next() {
            match packet.first() {
                Some(&hci::VENDOR) => continue,
                Some(&hci::ACL) => {
                    self.data(controller, packet);
                    continue;
                }
                _ => {}
            }
            if let Some((opcode, parameters)) = hci::as_command(&packet) {
                match controller.checked_sub(1) {
                    None => self.phone_commands(opcode, parameters),
                    Some(device) => self.device_commands(device, opcode, parameters),
                }
            }
            self.to_controller(controller, &packet);
        }
    }

    fn phone_commands(&self, opcode: u16, parameters: &[u8]) {
        let scan = &mut self.state().scan;
        match (opcode, parameters) {
            (hci::SCAN_PARAMETERS, [active, ..]) => scan.active = *active != 0,
            (hci::SCAN_ENABLE, [on, duplicates, ..]) => {
                scan.on = *on != 0;
                scan.drop_duplicates = *duplicates != 0;
                scan.reported.clear();
            }
            (hci::RESET, _) => *scan = Scan::default(),
            _ => {}
        }
    }

    fn device_commands(&self, device: usize, opcode: u16, parameters: &[u8]) {
        let advert = &mut self.state().adverts[device];
        let data = |parameters: &[u8]| {
            let (length, data) = parameters.split_first()?;
            data.get(..usize::from(*length)).map(<[u8]>::to_vec)
        };
        match (opcode, parameters) {
            (hci::SET_RANDOM_ADDRESS, address) => {
                advert.random = address.try_into().unwrap_or_default()
            }
            (hci::ADVERTISING_PARAMETERS, [_, _, _, _, kind, own, ..]) => {
                (advert.kind, advert.own_address_is_random) = (*kind, *own & 1 != 0)
            }
            (hci::ADVERTISING_DATA, parameters) => {
                advert.data = data(parameters).unwrap_or_default()
            }
            (hci::SCAN_RESPONSE_DATA, parameters) => {
                advert.scan_response = data(parameters).unwrap_or_default()
            }
            (hci::ADVERTISING_ENABLE, [on, ..]) => advert.on = *on != 0,
            (hci::RESET, _) => {
                *advert = Advert {
                    rssi: advert.rssi,
                    ..Advert::default()
                }
            }
            _ => {}
        }
    }

    fn advertise(&self) {
        // BlueZ says nothing about a device whose data and RSSI stay the same; no real RSSI does.
        for jitter in [0, 1, 0, -1].into_iter().cycle() {
            sleep(ADVERTISING_INTERVAL);
            for report in self.reports(jitter) {
                self.to_host_now(PHONE, &report);
            }
        }
    }

    /// What the phone's controller hears in one interval and does not keep to itself.
    fn reports(&self, jitter: i8) -> Vec<Vec<u8>> {
        let mut reports = Vec::new();
        let State { scan, adverts, .. } = &mut *self.state();
        for (device, advert) in adverts.iter().enumerate() {
            if !scan.on || !advert.on {
                continue;
            }
            let mut report = |kind: u8, data: &[u8]| {
                let news = scan.reported.insert((device, kind, data.to_vec()));
                if news || !scan.drop_duplicates {
                    let random = advert.own_address_is_random.into();
                    let rssi = advert.rssi.saturating_add(jitter);
                    let address = advert.address();
                    reports.push(hci::advertising_report(kind, random, address, data, rssi));
                }
            };
            report(advert.kind, &advert.data);
            let scannable = matches!(advert.kind, 0 | 2);
            if scan.active && scannable {
                report(SCAN_RESPONSE, &advert.scan_response);
            }
        }
        reports
    }
}
