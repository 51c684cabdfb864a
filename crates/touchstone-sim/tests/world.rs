//! The executor, the clock and the air by themselves, with a peripheral that only echoes.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{StreamExt, future::join};
use touchstone::ports::{Clock, Link, PeripheralId, Radio, RadioError};
use touchstone_sim::{
    DeviceId, Peripheral, SimClock, SimRadio, World,
    air::{
        Direction, LinkNumber, PhoneId, Settings,
        fault::{At, Effect, Fault},
    },
};

/// Answers every fragment with itself.
#[derive(Default)]
struct Echo {
    waiting: VecDeque<(LinkNumber, Vec<u8>)>,
    received: Arc<std::sync::Mutex<Vec<Vec<u8>>>>,
}

impl Peripheral for Echo {
    fn connected(&mut self, _now: Duration, _link: LinkNumber, _fragment_size: usize) -> bool {
        true
    }
    fn disconnected(&mut self, _now: Duration, link: LinkNumber) {
        self.waiting.retain(|(other, _)| *other != link);
    }
    fn received(&mut self, _now: Duration, link: LinkNumber, fragment: &[u8]) {
        self.received.lock().unwrap().push(fragment.to_vec());
        self.waiting.push_back((link, fragment.to_vec()));
    }
    fn poll(&mut self, _now: Duration) {}
    fn poll_timeout(&self) -> Option<Duration> {
        None
    }
    fn poll_transmit(&mut self, link: LinkNumber, out: &mut [u8]) -> Option<usize> {
        let index = self.waiting.iter().position(|(to, _)| *to == link)?;
        let (_, fragment) = self.waiting.remove(index)?;
        out[..fragment.len()].copy_from_slice(&fragment);
        Some(fragment.len())
    }
    fn poll_disconnect(&mut self) -> Option<LinkNumber> {
        None
    }
    fn service_data(&self, _now: Duration) -> Option<Vec<u8>> {
        Some(vec![1; 12])
    }
    fn power(&mut self, _now: Duration, _on: bool) {
        self.waiting.clear();
    }
}

fn fragment(sequence: u8, body: &[u8]) -> Vec<u8> {
    let total = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[0xc0, sequence, 0], &total[..], body].concat()
}

async fn link_to(world: &World) -> Box<dyn Link> {
    let radio = SimRadio::new(world, PhoneId(0));
    let mut scan = radio.scan().await.unwrap();
    let sighting = scan.next().await.unwrap();
    radio.connect(&sighting.id).await.unwrap()
}

#[test]
fn time_passes_without_waiting_and_in_order() {
    let world = World::new(1);
    let clock = SimClock::new(&world);
    let started = std::time::Instant::now();
    let begin = clock.now();
    let (first, second) = (
        clock.sleep(Duration::from_secs(3600)),
        clock.sleep(Duration::from_secs(60)),
    );
    let clock_after = clock.clone();
    let (at_first, at_second) = world.block_on(join(
        async {
            first.await;
            clock_after.now()
        },
        async {
            second.await;
            clock_after.now()
        },
    ));
    assert_eq!(at_first - begin, Duration::from_secs(3600));
    assert_eq!(at_second - begin, Duration::from_secs(60));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_cannot_end_is_reported_with_its_seed() {
    let stalled = World::new(77)
        .try_block_on(std::future::pending::<()>(), Duration::from_secs(1))
        .unwrap_err();
    assert_eq!(stalled.seed, 77);
    assert!(!stalled.out_of_time);
    assert!(stalled.to_string().contains("seed 77"), "{stalled}");
}

#[test]
fn a_fragment_returns_after_two_connection_events() {
    let world = World::new(2);
    world.add(Echo::default(), -50);
    world.block_on(async {
        let mut link = link_to(&world).await;
        let sent = world.now();
        link.send(&fragment(0, &[6, 1, 2, 3])).await.unwrap();
        assert_eq!(link.receive().await.unwrap(), fragment(0, &[6, 1, 2, 3]));
        assert_eq!(world.now() - sent, Duration::from_millis(60));
        link.close().await;
    });
    let summary = world.log().summary();
    assert_eq!((summary.att_pdus, summary.att_pdus_from_phone), (4, 2));
    assert_eq!((summary.bytes_up, summary.bytes_down), (9, 9));
    assert_eq!(summary.envelopes[0].messages[0].length, 3);
}

#[test]
fn a_narrow_connection_event_paces_many_fragments() {
    let world = World::new(3);
    world.set_air(Settings {
        packets_per_event: 2,
        ..Settings::default()
    });
    world.add(Echo::default(), -50);
    world.block_on(async {
        let mut link = link_to(&world).await;
        let sent = world.now();
        for sequence in 0..10 {
            link.send(&fragment(sequence, &[6, 0])).await.unwrap();
        }
        for _ in 0..10 {
            link.receive().await.unwrap();
        }
        assert_eq!(world.now() - sent, Duration::from_millis(6 * 30));
    });
}

fn one_exchange(effect: Effect) -> (World, Vec<Vec<u8>>, Result<Vec<u8>, RadioError>) {
    let world = World::new(4);
    let echo = Echo::default();
    let received = echo.received.clone();
    let device = world.add(echo, -50);
    world.plan(Fault {
        device,
        link: Some(0),
        direction: Direction::Up,
        at: At::Fragment(1),
        effect,
    });
    let last = world.block_on(async {
        let mut link = link_to(&world).await;
        link.send(&fragment(0, &[6, 1])).await.unwrap();
        link.send(&fragment(1, &[6, 2])).await.unwrap();
        link.send(&fragment(2, &[6, 3])).await.unwrap();
        let mut last = Err(RadioError::LinkLost);
        for _ in 0..2 {
            last = link.receive().await;
        }
        last
    });
    assert_eq!(world.pending_faults(), 0);
    let received = received.lock().unwrap().clone();
    (world, received, last)
}

#[test]
fn planned_faults_hit_the_fragment_they_name() {
    let (_, received, _) = one_exchange(Effect::Drop);
    assert_eq!(received, [fragment(0, &[6, 1]), fragment(2, &[6, 3])]);
    let (_, received, _) = one_exchange(Effect::Duplicate);
    assert_eq!(received.len(), 4);
    assert_eq!(received[1], received[2]);
    let (_, received, _) = one_exchange(Effect::FlipBit(47));
    assert_eq!(received[1], [0xc0, 1, 0, 0, 2, 7, 2]);
    let (world, received, _) = one_exchange(Effect::Stall(Duration::from_secs(3)));
    assert_eq!(received.len(), 3);
    assert!(world.now() > Duration::from_secs(1003));
}

#[test]
fn a_lost_link_is_noticed_only_after_the_supervision_timeout() {
    let (world, received, last) = one_exchange(Effect::LoseLink);
    assert_eq!(received.len(), 1);
    // The echo of the first fragment did not get through any more.
    assert_eq!(last, Err(RadioError::LinkLost));
    let lost = world.log();
    let at = lost.entries().last().unwrap().at;
    assert!(world.now() - at >= Duration::from_secs(2), "{lost}");
}

#[test]
fn a_power_cut_ends_the_link_and_the_device_comes_back() {
    let (world, _, last) = one_exchange(Effect::PowerCutAfter(Duration::from_secs(1)));
    assert_eq!(last, Err(RadioError::LinkLost));
    world.block_on(async { link_to(&world).await.close().await });
}

#[test]
fn whoever_is_not_there_cannot_be_connected() {
    let world = World::new(5);
    let device = world.add(Echo::default(), -50);
    world.set_power(device, false);
    let radio = SimRadio::new(&world, PhoneId(0));
    for name in ["sim-00", "nobody"] {
        let connected = world.block_on(radio.connect(&PeripheralId(name.into())));
        assert!(connected.is_err());
    }
    assert_eq!(device, DeviceId(0));
}

#[test]
fn an_abandoned_connection_attempt_leaves_no_link() {
    let world = World::new(6);
    world.add(Echo::default(), -50);
    let radio = SimRadio::new(&world, PhoneId(0));
    drop(radio.connect(&PeripheralId("sim-00".into())));
    world.run_for(Duration::from_secs(5));
    assert!(world.log().entries().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_air_and_another_seed_another() {
    let run = |seed| {
        let world = World::new(seed);
        world.set_air(Settings {
            fragment_loss: 0.3,
            ..Settings::default()
        });
        world.add(Echo::default(), -50);
        world.block_on(async {
            let mut link = link_to(&world).await;
            for sequence in 0..100 {
                link.send(&fragment(sequence, &[6, sequence]))
                    .await
                    .unwrap();
            }
            link.close().await;
        });
        world.log()
    };
    assert_eq!(run(9), run(9));
    assert_ne!(run(9), run(10));
}

#[test]
fn a_world_that_has_ended_keeps_nobody_alive() {
    let world = World::new(1);
    let held = std::sync::Arc::new(());
    let (here, there, with) = (world.clone(), world.clone(), [held.clone(), held.clone()]);
    let [event, task] = with;
    world.after(Duration::from_secs(3600), move |_| drop((here, event)));
    world.spawn(async move {
        std::future::pending::<()>().await;
        drop((there, task));
    });
    world.run_for(Duration::from_secs(1));
    assert_eq!(std::sync::Arc::strong_count(&held), 3);
    world.end();
    assert_eq!(std::sync::Arc::strong_count(&held), 1);
}
