//! What evidence must show.

use touchstone_proto::{
    evidence::{Appraiser, Claims, DebugStatus, FirmwareVersion},
    record::{Actuators, Level, PresenceKinds, PressKind},
};
use touchstone_trust::{
    Assurance, Bundle, BundleContents, DevelopmentPolicy, LeafError, Model, ModelPolicy, Origin,
    Refusal, Verdict,
    issue::{DevelopmentPki, MODELS},
};

use crate::support::{Factory, LAMP, UEID, lamp};

const FIRMWARE: FirmwareVersion = FirmwareVersion {
    major: 1,
    minor: 4,
    patch: 2,
};

fn claims() -> Claims {
    Claims {
        nonce: [9; 16],
        ueid: UEID,
        model_class: LAMP,
        secure_boot: true,
        debug_status: DebugStatus::Disabled,
        boot_id: [5; 8],
        firmware: FIRMWARE,
        reset_epoch: 3,
        presence: PresenceKinds::NONE.with(PressKind::Press),
        actuators: Actuators {
            light: true,
            ..Actuators::default()
        },
        max_level: Level::L1,
        highest_version: 1,
        boot_count: 11,
    }
}

fn appraise(bend: impl FnOnce(&mut Claims)) -> Result<Verdict, Refusal> {
    appraise_with(|_| {}, bend)
}

fn appraise_with(
    change: impl FnOnce(&mut BundleContents),
    bend: impl FnOnce(&mut Claims),
) -> Result<Verdict, Refusal> {
    let factory = Factory::new();
    let mut contents = factory.contents();
    change(&mut contents);
    let mut claims = claims();
    bend(&mut claims);
    Bundle::new(contents)
        .unwrap()
        .appraise(&factory.leaf(), &claims)
}

#[test]
fn a_genuine_device_gets_a_verdict_that_is_not_yet_confirmed_online() {
    let verdict = appraise(|_| {}).unwrap();
    assert_eq!(verdict.ueid(), &UEID);
    assert_eq!(verdict.model_class(), LAMP);
    assert_eq!(verdict.product_name("en"), "Kitchen lamp");
    assert_eq!(verdict.product_name("de-AT"), "Küchenlampe");
    assert_eq!(verdict.origin(), Origin::Production);
    assert!(!verdict.is_development());
    assert_eq!(verdict.assurance(), Assurance::NotYetConfirmedOnline);
    assert_eq!(verdict.minimum_level(), Level::L1);
    assert_eq!(verdict.maximum_level(), Level::L1);
    assert!(verdict.presence().contains(PressKind::Press));
    assert!(verdict.actuators().light);
    assert_eq!(verdict.firmware(), FIRMWARE);
    assert_eq!((verdict.reset_epoch(), verdict.boot_id()), (3, &[5; 8]));
}

#[test]
fn evidence_about_another_device_is_refused() {
    assert_eq!(
        appraise(|claims| claims.ueid[16] ^= 1),
        Err(Refusal::OtherDevice)
    );
}

#[test]
fn an_unknown_model_or_one_of_another_line_is_refused() {
    assert_eq!(
        appraise(|claims| claims.model_class = 0x0bad),
        Err(Refusal::UnknownModel(0x0bad))
    );
    let with_a_fan = |contents: &mut BundleContents| {
        contents.models.push(Model {
            class: 0x0002,
            ..lamp()
        })
    };
    assert_eq!(
        appraise_with(with_a_fan, |claims| claims.model_class = 0x0002),
        Err(Refusal::ModelOfAnotherLine(0x0002))
    );
}

#[test]
fn a_production_device_with_open_firmware_is_refused() {
    assert_eq!(
        appraise(|claims| claims.secure_boot = false),
        Err(Refusal::SecureBootOff)
    );
    assert_eq!(
        appraise(|claims| claims.debug_status = DebugStatus::Enabled),
        Err(Refusal::DebugEnabled)
    );
    for status in [
        DebugStatus::DisabledSinceBoot,
        DebugStatus::DisabledPermanently,
        DebugStatus::DisabledFullyAndPermanently,
    ] {
        assert!(appraise(|claims| claims.debug_status = status).is_ok());
    }
}

#[test]
fn a_development_device_may_be_open_but_the_verdict_says_so() {
    let pki = DevelopmentPki::from_seed([7; 32]);
    let ueid = pki.ueid(1);
    let leaf = pki.leaf(&ueid, MODELS[0].0).certificate;
    let open = Claims {
        ueid,
        secure_boot: false,
        debug_status: DebugStatus::Enabled,
        ..claims()
    };
    let verdict = pki
        .bundle(DevelopmentPolicy::Announce)
        .appraise(&leaf, &open)
        .unwrap();
    assert_eq!(verdict.origin(), Origin::Development);
    assert!(verdict.is_development());
    assert_eq!(
        pki.bundle(DevelopmentPolicy::Refuse).appraise(&leaf, &open),
        Err(Refusal::Leaf(LeafError::DevelopmentRefused))
    );
}

#[test]
fn firmware_older_than_the_models_minimum_must_be_updated() {
    let with_minimum = |minimum| {
        appraise_with(
            |contents| contents.models[0].policy.minimum_firmware = minimum,
            |_| {},
        )
    };
    assert!(with_minimum(FIRMWARE).is_ok());
    for minimum in [
        FirmwareVersion {
            patch: 3,
            ..FIRMWARE
        },
        FirmwareVersion {
            minor: 5,
            patch: 0,
            ..FIRMWARE
        },
        FirmwareVersion {
            major: 2,
            minor: 0,
            patch: 0,
        },
    ] {
        assert_eq!(
            with_minimum(minimum),
            Err(Refusal::UpdateRequired {
                running: FIRMWARE,
                minimum
            })
        );
    }
}

#[test]
fn a_device_that_speaks_no_version_we_speak_is_refused() {
    assert_eq!(
        appraise(|claims| claims.highest_version = 0),
        Err(Refusal::VersionTooOld { highest: 0 })
    );
    assert!(appraise(|claims| claims.highest_version = 2).is_ok());
}

#[test]
fn a_device_that_cannot_respond_needs_the_vendors_word() {
    let mute = |claims: &mut Claims| claims.actuators = Actuators::default();
    assert_eq!(appraise(mute), Err(Refusal::NoActuators));
    let allowed = |contents: &mut BundleContents| {
        contents.models[0].policy = ModelPolicy {
            allowed_without_actuators: true,
            ..ModelPolicy::default()
        };
    };
    assert!(appraise_with(allowed, mute).is_ok());
}

#[test]
fn a_device_that_cannot_be_touched_is_refused() {
    assert_eq!(
        appraise(|claims| claims.presence = PresenceKinds::NONE),
        Err(Refusal::NoPresence)
    );
}

#[test]
fn a_device_below_its_models_level_is_refused() {
    let strict =
        |contents: &mut BundleContents| contents.models[0].policy.minimum_level = Level::L2;
    assert_eq!(appraise_with(strict, |_| {}), Err(Refusal::Level));
    let verdict = appraise_with(strict, |claims| claims.max_level = Level::L2).unwrap();
    assert_eq!(verdict.minimum_level(), Level::L2);
}

#[test]
fn a_revoked_device_is_refused_with_the_leafs_reason() {
    assert_eq!(
        appraise_with(|contents| contents.revoked_ueids.push(UEID), |_| {}),
        Err(Refusal::Leaf(LeafError::Revoked))
    );
}
