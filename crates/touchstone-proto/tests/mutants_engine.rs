//! What mutants of the engine's verification paths survived until it was tested (docs/FUZZING.md).

use touchstone_proto::edhoc::{
    ConnectionId, CredentialId, CredentialRef, Ephemeral, Method, StaticSecret, Suite, initiator,
    responder::AwaitMessage1,
};

const METHODS: [Method; 1] = [Method::StaticDhStaticDh];
const SUITES: [Suite; 1] = [Suite::Aes128CcmMac64P256];

/// Runs messages 1 and 2 of method 3 with this `ID_CRED_R`, and returns it as the Initiator reads it.
fn conveyed(id_cred: &[u8]) -> Vec<u8> {
    let c_i = ConnectionId::new(&[1]).unwrap();
    let ephemeral = Ephemeral::from_bytes(&[1; 32]).unwrap();
    let (phone, message_1) = initiator::start(METHODS[0], &SUITES, ephemeral, c_i, &[]).unwrap();
    let credential = CredentialRef {
        id_cred,
        cred: &[0x41, 7],
    };
    let (_, message_2) = AwaitMessage1::new(&METHODS, &SUITES)
        .read(&message_1)
        .unwrap()
        .message_2_static_dh(
            &StaticSecret::from_bytes(&[2; 32]).unwrap(),
            Ephemeral::from_bytes(&[3; 32]).unwrap(),
            ConnectionId::new(&[2]).unwrap(),
            credential,
            &[],
        )
        .unwrap();
    phone.read(&message_2).unwrap().id_cred_r().to_vec()
}

#[test]
fn a_key_id_of_one_byte_that_is_no_small_integer_is_conveyed_as_a_byte_string() {
    for kid in [0x18, 0x38, 0x80, 0xff] {
        let id_cred = CredentialId::Kid(&[kid]).encode().unwrap();
        assert_eq!(conveyed(&id_cred), id_cred.as_slice(), "{kid:#x}");
    }
}

#[test]
fn a_hash_under_an_algorithm_with_a_name_is_a_reference_we_do_not_know() {
    // {34: ["ab", h'00']}
    let id_cred = [0xa1, 0x18, 0x22, 0x82, 0x62, b'a', b'b', 0x41, 0x00];
    assert_eq!(CredentialId::parse(&id_cred), Ok(CredentialId::Other));
}
