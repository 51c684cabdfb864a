//! Service data of an advertisement.

use touchstone_proto::advert::{ADVERT_LENGTH, Advert, AdvertKey, tag};

pub fn run(input: &[u8]) {
    let Ok(advert) = Advert::parse(input) else {
        return;
    };
    let encoded = advert.encode();
    assert_eq!(input.len(), ADVERT_LENGTH);
    if advert.version == 1 {
        assert_eq!(encoded, input);
    } else {
        // Flags of a later version are dropped, everything else stays.
        assert_eq!(encoded[1], input[1] & 0x1f);
        assert_eq!((encoded[0], &encoded[2..]), (input[0], &input[2..]));
    }
    let key = AdvertKey::new([3; 32]);
    assert_eq!(key.matches(&advert), tag(&key, advert.epoch) == advert.tag);
}

pub fn seeds() -> Vec<Vec<u8>> {
    let key = AdvertKey::new([3; 32]);
    let armed = Advert {
        version: 1,
        flags: Default::default(),
        model_class: 0x0102,
        epoch: 9,
        tag: tag(&key, 9),
    };
    let mut later = armed.encode();
    later[0] = 2;
    later[1] = 0xff;
    vec![armed.encode().to_vec(), later.to_vec()]
}
