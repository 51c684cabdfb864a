use futures::executor::block_on;

use super::*;

/// Writes down what it is asked.
#[derive(Default)]
struct Host {
    asked: Mutex<Vec<String>>,
    throws: bool,
}

impl Host {
    fn note(&self, what: String) -> Result<(), HostError> {
        self.asked.lock().unwrap().push(what);
        match self.throws {
            true => Err(HostError::Failed {
                reason: "no".to_owned(),
            }),
            false => Ok(()),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl RadioHost for Host {
    fn state(&self) -> Result<RadioState, HostError> {
        self.note("state".to_owned()).map(|()| RadioState::Off)
    }
    fn request_access(&self, request: u64) -> Result<(), HostError> {
        self.note(format!("request {request}"))
    }
    fn start_scan(&self, scan: u64) -> Result<(), HostError> {
        self.note(format!("start {scan}"))
    }
    fn stop_scan(&self, scan: u64) -> Result<(), HostError> {
        self.note(format!("stop {scan}"))
    }
    fn connect(&self, link: u64, peripheral: String) -> Result<(), HostError> {
        self.note(format!("connect {link} {peripheral}"))
    }
    fn write(&self, link: u64, fragment: Vec<u8>) -> Result<(), HostError> {
        self.note(format!("write {link} {fragment:?}"))
    }
    fn disconnect(&self, link: u64) -> Result<(), HostError> {
        self.note(format!("disconnect {link}"))
    }
}

fn radio(throws: bool) -> (Arc<Host>, Arc<HostRadio>) {
    let host = Arc::new(Host {
        throws,
        ..Host::default()
    });
    let radio = HostRadio::new(host.clone());
    (host, radio)
}

fn nothing_is_waited_for(radio: &HostRadio) -> bool {
    let waiting = radio.lock();
    waiting.requests.is_empty()
        && waiting.scans.is_empty()
        && waiting.connecting.is_empty()
        && waiting.links.is_empty()
}

fn device() -> PeripheralId {
    PeripheralId("lamp".to_owned())
}

#[test]
fn a_sighting_reaches_its_scan_and_no_other() {
    let (host, radio) = radio(false);
    let mut scan = block_on(radio.scan()).unwrap();
    radio.sighting(2, "another".to_owned(), None, vec![]);
    radio.sighting(1, "lamp".to_owned(), Some(-50), vec![1]);
    let seen = block_on(scan.next()).unwrap();
    assert_eq!((seen.id, seen.rssi), (device(), Some(-50)));
    radio.scan_ended(1);
    assert!(block_on(scan.next()).is_none());
    drop(scan);
    assert_eq!(host.asked(), ["start 1", "stop 1"]);
    assert!(nothing_is_waited_for(&radio));
}

#[test]
fn a_link_carries_both_ways_until_it_is_lost_and_is_disconnected_once() {
    let (host, radio) = radio(false);
    let id = device();
    let mut connecting = radio.connect(&id);
    assert!((&mut connecting).now_or_never().is_none());
    radio.received(1, vec![9]);
    radio.connected(1, 244);
    let mut link = block_on(connecting).unwrap();
    assert_eq!(link.fragment_size(), 244);
    assert_eq!(block_on(link.receive()), Ok(vec![9]));
    block_on(link.send(&[7])).unwrap();
    radio.lost(1, LinkFault::Lost);
    assert_eq!(block_on(link.receive()), Err(RadioError::LinkLost));
    assert_eq!(block_on(link.receive()), Err(RadioError::LinkLost));
    block_on(link.close());
    assert_eq!(
        host.asked(),
        ["connect 1 lamp", "write 1 [7]", "disconnect 1"]
    );
    assert!(nothing_is_waited_for(&radio));
}

#[test]
fn a_connection_given_up_or_refused_is_disconnected_and_forgotten() {
    let (host, radio) = radio(false);
    let id = device();
    let mut connecting = radio.connect(&id);
    assert!((&mut connecting).now_or_never().is_none());
    drop(connecting);
    let mut connecting = radio.connect(&id);
    assert!((&mut connecting).now_or_never().is_none());
    radio.lost(2, LinkFault::NoService);
    assert!(matches!(block_on(connecting), Err(RadioError::NoService)));
    // Answers that come too late.
    radio.connected(1, 244);
    radio.received(1, vec![1]);
    assert_eq!(
        host.asked(),
        [
            "connect 1 lamp",
            "disconnect 1",
            "connect 2 lamp",
            "disconnect 2"
        ]
    );
    assert!(nothing_is_waited_for(&radio));
}

#[test]
fn what_an_application_throws_is_a_radio_error_and_leaves_nothing() {
    let (host, radio) = radio(true);
    assert!(matches!(block_on(radio.scan()), Err(RadioError::Other(why)) if why == "no"));
    assert!(
        matches!(block_on(radio.connect(&device())), Err(RadioError::Other(why)) if why == "no")
    );
    assert_eq!(block_on(Radio::state(radio.as_ref())), RadioState::Missing);
    assert_eq!(block_on(radio.request()), RadioState::Missing);
    // A connection that was never begun is not ended.
    assert!(
        !host
            .asked()
            .iter()
            .any(|asked| asked.starts_with("disconnect"))
    );
    assert!(nothing_is_waited_for(&radio));
}

#[test]
fn a_request_is_answered_by_its_number() {
    let (_, radio) = radio(false);
    let mut request = radio.request();
    assert!((&mut request).now_or_never().is_none());
    radio.answered(7, RadioState::Blocked);
    assert!((&mut request).now_or_never().is_none());
    radio.answered(1, RadioState::On);
    assert_eq!(block_on(request), RadioState::On);
    assert!(nothing_is_waited_for(&radio));
}

#[test]
fn a_fragment_size_no_link_can_have_is_brought_into_range() {
    let (_, radio) = radio(false);
    let id = device();
    for (link, told, used) in [(1, 5, 18), (2, 100_000, 512)] {
        let mut connecting = radio.connect(&id);
        assert!((&mut connecting).now_or_never().is_none());
        radio.connected(link, told);
        assert_eq!(block_on(connecting).unwrap().fragment_size(), used);
    }
}
