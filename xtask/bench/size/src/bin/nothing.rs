//! A program that does nothing.
#![cfg_attr(target_os = "none", no_std, no_main)]

touchstone_size::program!(loop {
    core::hint::spin_loop();
});
