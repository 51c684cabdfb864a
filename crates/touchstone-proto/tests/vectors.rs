//! Recorded exchanges and malformed messages.

#[path = "support/replay.rs"]
mod replay;

use replay::{Outcome, Summary, replay, replay_file};
use serde_json::Value;
use touchstone_proto::edhoc::{Method, Suite, responder};
use touchstone_proto::error::{Error, Incompatibility, Misbehaviour};

const CROSSCHECKED: &str = include_str!("../vectors/edhoc-p256-crosschecked.json");
const INVALID_MESSAGE_1: &str = include_str!("../vectors/invalid_m1.txt");

fn transcripts() -> Vec<Value> {
    serde_json::from_str(CROSSCHECKED).unwrap()
}

#[test]
fn both_roles_replay_every_crosschecked_transcript() {
    let mut summary = Summary::default();
    for (index, outcome) in replay_file(CROSSCHECKED).iter().enumerate() {
        assert_eq!(*outcome, Outcome::Replayed, "transcript {index}");
        summary.count(outcome);
    }
    assert_eq!(
        summary,
        Summary {
            replayed: 16,
            failed: 0,
            unsupported: 0
        }
    );
}

#[test]
fn the_transcripts_cover_both_methods_both_suites_both_sides_and_ead() {
    let seen: std::collections::BTreeSet<String> = transcripts()
        .iter()
        .map(|transcript| {
            ["method", "suite", "ours", "ead"]
                .map(|field| transcript[field].to_string())
                .join(" ")
        })
        .collect();
    assert_eq!(seen.len(), 16);
}

#[test]
fn a_transcript_with_any_field_changed_is_not_replayed() {
    for transcript in &transcripts()[..] {
        for field in [
            "message_1",
            "message_2",
            "message_3",
            "message_4",
            "eph_ours",
            "eph_peer",
            "c_i",
            "c_r",
            "sk_i",
            "sk_r",
            "cert_i",
            "cert_r",
            "oscore_master_secret",
            "log_message_1",
            "log_TH_1",
            "log_G_Y",
        ] {
            let mut bytes = hex::decode(transcript[field].as_str().unwrap()).unwrap();
            *bytes.last_mut().unwrap() ^= 0x01;
            let mut changed = transcript.clone();
            changed[field] = Value::String(hex::encode(bytes));
            assert!(matches!(replay(&changed), Outcome::Failed(_)), "{field}");
        }
    }
}

#[test]
fn malformed_transcripts_fail_without_a_panic() {
    let good = transcripts().remove(9);
    for field in [
        "method",
        "suite",
        "form",
        "ours",
        "eph_ours",
        "eph_peer",
        "sk_i",
        "sk_r",
        "cert_i",
        "cert_r",
        "c_i",
        "c_r",
        "message_1",
        "message_2",
        "message_3",
        "message_4",
        "oscore_master_secret",
    ] {
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(field);
        assert!(
            matches!(replay(&missing), Outcome::Failed(_)),
            "{field} missing"
        );
        for nonsense in [
            Value::from("0"),
            Value::from("zz"),
            Value::from(7.5),
            Value::from(vec![1]),
        ] {
            let mut changed = good.clone();
            changed[field] = nonsense;
            assert!(
                !matches!(replay(&changed), Outcome::Replayed),
                "{field} is nonsense"
            );
        }
    }
    for contents in ["", "[", "7", "[7]", "[{}]", "{}"] {
        assert!(
            matches!(replay_file(contents)[..], [Outcome::Failed(_)]),
            "{contents}"
        );
    }
}

#[test]
fn what_the_engine_does_not_run_is_unsupported_and_not_failed() {
    let good = transcripts().remove(0);
    for (field, value) in [
        ("method", Value::from(1)),
        ("method", Value::from(2)),
        ("suite", Value::from(0)),
        ("suite", Value::from(24)),
        ("form", Value::from("kid")),
        ("form", Value::from("x5u")),
        ("ok", Value::from(false)),
    ] {
        let mut changed = good.clone();
        changed[field] = value;
        assert!(
            matches!(replay(&changed), Outcome::Unsupported(_)),
            "{field}"
        );
    }
}

#[test]
fn each_invalid_message_1_is_refused_for_its_own_reason() {
    let expected = [
        Misbehaviour::NotASequence.into(),
        Misbehaviour::ConnectionIdNotCompact.into(),
        Misbehaviour::SuitesNotPlain.into(),
        Misbehaviour::WrongType.into(),
        Incompatibility::Suite { selected: 24 }.into(),
        Misbehaviour::CoordinateOutOfRange.into(),
        Misbehaviour::PointNotOnCurve.into(),
        Incompatibility::Suite { selected: 0 }.into(),
        Misbehaviour::PointLength.into(),
        Misbehaviour::NonMinimalInteger.into(),
        Misbehaviour::IndefiniteLength.into(),
    ];
    let lines: Vec<&str> = INVALID_MESSAGE_1.lines().collect();
    assert_eq!(lines.len(), expected.len());
    for (index, (line, expected)) in lines.iter().zip(expected).enumerate() {
        let message_1 = hex::decode(line).unwrap();
        let found: Option<Error> = responder::AwaitMessage1::new(
            &[Method::SignatureSignature, Method::StaticDhStaticDh],
            &[Suite::Aes128CcmMac64P256, Suite::Aes128CcmMac128P256],
        )
        .read(&message_1)
        .err();
        assert_eq!(found, Some(expected), "line {}", index + 1);
    }
}
