//! The device role with its key in a secure element.
#![cfg_attr(target_os = "none", no_std, no_main)]

touchstone_size::program!(touchstone_size::firmware(touchstone_size::SecureElement));
