//! What the simulated device tells about itself on standard output.

use std::time::Instant;

use serde_json::{Map, Value, json};
use touchstone_device::{
    LinkId,
    ports::{JoinStatus, Signal},
};
use touchstone_peripheral::Address;
use touchstone_proto::{advert::AdvertFlags, record::Actuator};

use crate::render::write_line;

/// Writes events as JSON lines or as sentences.
#[derive(Clone)]
pub(super) struct Events {
    json: bool,
    since: Instant,
}

impl Events {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            since: Instant::now(),
        }
    }

    fn tell(&self, event: &str, fields: Value, sentence: &str) {
        let seconds = self.since.elapsed().as_secs_f64();
        if !self.json {
            write_line(&format!("{seconds:8.3}  {sentence}"));
            return;
        }
        let mut object = Map::new();
        object.insert("event".to_owned(), json!(event));
        object.insert(
            "time".to_owned(),
            json!((seconds * 1000.0).round() / 1000.0),
        );
        if let Value::Object(fields) = fields {
            object.extend(fields);
        }
        write_line(&Value::Object(object).to_string());
    }

    pub(super) fn started(&self, name: &str, ueid: &[u8; 17], address: &Address, boot: u32) {
        let ueid: String = ueid.iter().map(|octet| format!("{octet:02x}")).collect();
        self.tell(
            "started",
            json!({ "name": name, "ueid": ueid, "address": address.to_string(), "boot": boot }),
            &format!("{name} is switched on as {address}. Press Enter to touch it."),
        );
    }

    /// What is advertised has changed; `None`: silence.
    pub(super) fn advertising(&self, flags: Option<AdvertFlags>) {
        match flags {
            None => self.tell("silent", json!({}), "Silent"),
            Some(flags) => {
                let fields = json!({
                    "window_open": flags.window_open, "unowned": flags.unowned, "armed": flags.armed, "touched": flags.touched,
                });
                let state = match flags {
                    AdvertFlags { touched: true, .. } => "touched",
                    AdvertFlags { armed: true, .. } => "armed",
                    AdvertFlags { unowned: true, .. } => "new",
                    _ => "owned",
                };
                self.tell("advertising", fields, &format!("Advertising: {state}"));
            }
        }
    }

    pub(super) fn armed(&self) {
        self.tell("armed", json!({}), "Armed: waiting for a touch");
    }

    pub(super) fn touched(&self) {
        self.tell("touched", json!({}), "The touch counts");
    }

    pub(super) fn pressed(&self, down: bool) {
        let (event, sentence) = if down {
            ("pressed", "Pressed")
        } else {
            ("let_go", "Let go")
        };
        self.tell(event, json!({}), sentence);
    }

    pub(super) fn connected(&self, LinkId(link): LinkId, fragment_size: usize, accepted: bool) {
        self.tell(
            "connected",
            json!({ "link": link, "fragment_size": fragment_size, "accepted": accepted }),
            &format!("A phone has connected (link {link}, {fragment_size} bytes a fragment)"),
        );
    }

    pub(super) fn disconnected(&self, LinkId(link): LinkId) {
        self.tell(
            "disconnected",
            json!({ "link": link }),
            &format!("Link {link} has ended"),
        );
    }

    pub(super) fn signal(&self, signal: Signal) {
        let (name, sentence) = match signal {
            Signal::Waiting => ("waiting", "Blinks and beeps softly: touch me"),
            Signal::Respond => ("respond", "Blinks and beeps: it is me"),
            Signal::CountStart(Actuator::Sound) => ("count_start_sound", "Beeps long: count now"),
            Signal::CountStart(Actuator::Light) => ("count_start_light", "Shines long: count now"),
            Signal::CountStart(Actuator::Vibration) => {
                ("count_start_vibration", "Buzzes long: count now")
            }
            Signal::Count(Actuator::Sound) => ("count_sound", "Beeps once: count me"),
            Signal::Count(Actuator::Light) => ("count_light", "Blinks once: count me"),
            Signal::Count(Actuator::Vibration) => ("count_vibration", "Buzzes once: count me"),
            Signal::TouchAck => ("touch_ack", "Beeps: touch noticed"),
            Signal::Chime => ("chime", "Chimes"),
            Signal::Help => ("help", "Blinks fast: hold on to reset"),
            Signal::Off => ("off", "Quiet"),
        };
        self.tell("signal", json!({ "signal": name }), sentence);
    }

    pub(super) fn wifi(&self, status: JoinStatus) {
        let name = match status {
            JoinStatus::Idle => "idle",
            JoinStatus::Connecting => "connecting",
            JoinStatus::WrongPassword => "wrong_password",
            JoinStatus::NetworkNotFound => "network_not_found",
            JoinStatus::DhcpFailed => "dhcp_failed",
            JoinStatus::NoInternet => "no_internet",
            JoinStatus::Joined { .. } => "joined",
        };
        self.tell(
            "wifi",
            json!({ "status": name }),
            &format!("Wi-Fi: {}", name.replace('_', " ")),
        );
    }

    pub(super) fn stored(&self, owned: bool, reset_epoch: u32) {
        let sentence = if owned {
            "Stored: it has an owner"
        } else {
            "Stored: it has no owner"
        };
        self.tell(
            "stored",
            json!({ "owned": owned, "reset_epoch": reset_epoch }),
            sentence,
        );
    }

    pub(super) fn ended(&self) {
        self.tell("ended", json!({}), "The controller has gone");
    }
}
