//! How the types with an invariant cross into other languages.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use crate::{Expiry, NetworkName, Product};

uniffi::custom_type!(
    /// A verified product name, cleaned for show.
    Product,
    String,
    {
        lower: |product| product.name().to_string(),
        try_lift: |name| Ok(Product::new(&name)),
    }
);

uniffi::custom_type!(
    /// The name of a Wi-Fi network, cleaned for show. The octets it is used by stay in Rust: a network is chosen by its position.
    NetworkName,
    String,
    {
        lower: |network| network.shown().to_string(),
        try_lift: |name| Ok(NetworkName::new(name.as_bytes())),
    }
);

uniffi::custom_type!(
    /// How long an announcement is worth saying.
    Expiry,
    u64,
    {
        lower: |expiry| u64::try_from(expiry.0.as_millis()).unwrap_or(u64::MAX),
        try_lift: |milliseconds| Ok(Expiry(Duration::from_millis(milliseconds))),
    }
);
