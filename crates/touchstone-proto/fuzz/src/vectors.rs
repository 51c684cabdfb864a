//! The recorded exchanges, where seeds come from.

use serde_json::Value;

const EXCHANGES: &str = include_str!("../../vectors/edhoc-p256-crosschecked.json");
const INVALID: &str = include_str!("../../vectors/invalid_m1.txt");

/// This field of every recorded exchange that has it.
pub fn field(name: &str) -> Vec<Vec<u8>> {
    let exchanges: Vec<Value> = serde_json::from_str(EXCHANGES).expect("the vectors are JSON");
    exchanges
        .iter()
        .filter_map(|exchange| hex::decode(exchange[name].as_str()?).ok())
        .collect()
}

/// The invalid message_1 of RFC 9529 section 4.
pub fn invalid_message_1() -> Vec<Vec<u8>> {
    INVALID
        .lines()
        .filter_map(|line| hex::decode(line.trim()).ok())
        .collect()
}
