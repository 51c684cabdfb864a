//! What the fuzz targets do (docs/FUZZING.md). Each module is one target: `run` takes an input, `seeds` begins the corpus.

pub mod advert;
pub mod bundle;
pub mod certificate;
pub mod ead;
pub mod evidence;
pub mod frame;
pub mod message;
pub mod message_1;
pub mod message_2;
pub mod message_3;
pub mod message_4;
pub mod peer;
pub mod plaintext_2;
pub mod record_device;
pub mod record_phone;
pub mod vectors;

/// Writes a target's seeds into the folder named by `TOUCHSTONE_SEEDS`, if it is set. The fuzzer reads its corpus after this.
pub fn write_seeds(target: &str, seeds: fn() -> Vec<Vec<u8>>) {
    let Some(folder) = std::env::var_os("TOUCHSTONE_SEEDS") else {
        return;
    };
    for (number, seed) in seeds().iter().enumerate() {
        let path = std::path::Path::new(&folder).join(format!("{target}-{number:02}"));
        std::fs::write(path, seed).expect("the corpus can be written");
    }
}

/// A seed: how the target is to take it, and the bytes.
pub(crate) fn seed(mode: u8, bytes: &[u8]) -> Vec<u8> {
    let mut seed = vec![mode];
    seed.extend_from_slice(bytes);
    seed
}
