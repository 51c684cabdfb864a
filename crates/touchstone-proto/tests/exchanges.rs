//! Our two roles with each other: what they agree on, and what an adversary between them achieves.

#[path = "support/exchange.rs"]
mod exchange;
#[path = "support/replay.rs"]
#[allow(dead_code, reason = "whole files are replayed elsewhere")]
mod replay;

use exchange::{Completed, Exchange, Form};
use proptest::prelude::*;
use replay::{Outcome, replay};
use touchstone_proto::edhoc::{Method, Suite, connection_id::MAX_CONNECTION_ID};
use touchstone_proto::error::{Error, LocalError};

const METHODS: [Method; 2] = [Method::SignatureSignature, Method::StaticDhStaticDh];
const SUITES: [Suite; 2] = [Suite::Aes128CcmMac64P256, Suite::Aes128CcmMac128P256];

fn combinations() -> impl Iterator<Item = Exchange> {
    METHODS.into_iter().flat_map(|method| {
        SUITES
            .into_iter()
            .map(move |suite| Exchange::new(method, suite))
    })
}

fn assert_same_keys(completed: &Completed) {
    assert_eq!(completed.initiator.th_4(), completed.responder.th_4());
    let [mut ours, mut theirs] = [[0; 64]; 2];
    completed
        .initiator
        .exporter()
        .export(0x8001, b"context", &mut ours)
        .unwrap();
    completed
        .responder
        .exporter()
        .export(0x8001, b"context", &mut theirs)
        .unwrap();
    assert_eq!(ours, theirs);
    assert_ne!(ours, [0; 64]);
}

#[test]
fn both_sides_agree_in_every_combination() {
    for exchange in combinations() {
        assert_same_keys(&exchange.run(|_, _| {}).unwrap());
    }
}

#[test]
fn exports_differ_by_label_context_and_length() {
    let completed = Exchange::new(METHODS[0], SUITES[1]).run(|_, _| {}).unwrap();
    let export = |label, context: &[u8], length| {
        let mut out = vec![0; length];
        completed
            .initiator
            .exporter()
            .export(label, context, &mut out)
            .unwrap();
        out[..16].to_vec()
    };
    let all = [
        export(0, b"", 16),
        export(1, b"", 16),
        export(0, b"a", 16),
        export(0, b"", 17),
        export(0x8001, b"", 16),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| other != one));
    }
    let mut too_long = vec![0; 255 * 32 + 1];
    assert_eq!(
        completed.initiator.exporter().export(0, b"", &mut too_long),
        Err(LocalError::OutputTooLong)
    );
}

#[test]
fn a_flipped_bit_of_any_byte_of_any_message_ends_the_exchange() {
    for exchange in combinations() {
        let undisturbed = exchange.run(|_, _| {}).unwrap();
        for (index, message) in undisturbed.messages.iter().enumerate() {
            for byte in 0..message.len() {
                let bit = 1 << (byte % 8);
                let outcome = exchange.run(|number, message| {
                    if number == index + 1 {
                        message[byte] ^= bit;
                    }
                });
                assert!(
                    outcome.is_err(),
                    "message_{} byte {byte} bit {bit:#x}",
                    index + 1
                );
            }
        }
    }
}

#[test]
fn a_message_cut_short_or_prolonged_ends_the_exchange() {
    for exchange in combinations() {
        let undisturbed = exchange.run(|_, _| {}).unwrap();
        for (index, message) in undisturbed.messages.iter().enumerate() {
            for length in 0..message.len() {
                let outcome = exchange.run(|number, message| {
                    if number == index + 1 {
                        message.truncate(length);
                    }
                });
                assert!(outcome.is_err(), "message_{} cut to {length}", index + 1);
            }
            for extra in [&[0x00][..], &[0x40], &[0xff], &[0; 3000]] {
                let outcome = exchange.run(|number, message| {
                    if number == index + 1 {
                        message.extend(extra);
                    }
                });
                assert!(outcome.is_err(), "message_{} prolonged", index + 1);
            }
        }
    }
}

#[test]
fn recorded_exchanges_of_every_form_are_replayed() {
    for mut exchange in combinations() {
        for form in [Form::X5t64, Form::X5t256, Form::X5chain] {
            for (c_i, c_r) in [(0, 1), (1, 2), (7, 8), (24, MAX_CONNECTION_ID)] {
                exchange.form = form;
                exchange.c_i = vec![0x2d; c_i];
                exchange.c_r = vec![0x18; c_r];
                // Padding, a value, a critical item without one, a label of two bytes, an empty value.
                exchange.ead = [
                    vec![0x00, 0x42, 0x00, 0x00],
                    vec![0x01, 0x41, 0xff, 0x22, 0x00],
                    vec![0x39, 0x01, 0x00],
                    vec![0x19, 0x10, 0xe1, 0x40],
                ];
                assert_eq!(replay(&exchange.record()), Outcome::Replayed);
            }
        }
    }
}

#[test]
fn a_reference_to_another_certificate_is_not_replayed() {
    let mut transcript = Exchange::new(METHODS[0], SUITES[1]).record();
    let certificate = transcript["cert_r"].take();
    transcript["cert_r"] = transcript["cert_i"].take();
    transcript["cert_i"] = certificate;
    assert!(matches!(replay(&transcript), Outcome::Failed(_)));
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_sent() {
    for mut exchange in combinations() {
        for index in 0..4 {
            exchange.ead = Default::default();
            exchange.ead[index] = [&[0x01, 0x59, 0x07, 0xfc][..], &[0; 0x7fc]].concat();
            assert!(matches!(
                exchange.run(|_, _| {}),
                Err(Error::Local(LocalError::MessageTooLong))
            ));
            exchange.ead[index] = vec![0x41, 0x00];
            assert!(matches!(
                exchange.run(|_, _| {}),
                Err(Error::Local(LocalError::EadMalformed))
            ));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_message_panics(
        replaced in 1_usize..5,
        start in 0_usize..60,
        noise in proptest::collection::vec(any::<u8>(), 0..80),
        method in 0_usize..2,
    ) {
        let exchange = Exchange::new(METHODS[method], SUITES[1]);
        let outcome = exchange.run(|number, message| {
            if number == replaced {
                let start = start.min(message.len());
                let end = (start + noise.len()).min(message.len());
                message.splice(start..end, noise.iter().copied());
            }
        });
        // Noise that happens to be what it replaces is the only one let through.
        if let Ok(completed) = outcome {
            let undisturbed = exchange.run(|_, _| {}).unwrap();
            prop_assert_eq!(completed.messages, undisturbed.messages);
        }
    }
}
