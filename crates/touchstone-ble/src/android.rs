//! Android only: hands the Java virtual machine to btleplug.
//!
//! The Java half of btleplug must be in the application's class path and kept by the shrinker: `com.nonpolynomial.**`, `io.github.gedgygedgy.**`.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use jni::{Env, EnvUnowned, errors::ThrowRuntimeExAndDefault, objects::JClass};

static INITIALISED: AtomicBool = AtomicBool::new(false);

/// Prepares Bluetooth. Must run once, before the first use of a [`BleRadio`](crate::BleRadio), on a thread that Java entered: any other
/// thread finds only the system's class loader, which does not know btleplug's classes.
///
/// # Errors
/// btleplug's error when its Java classes are missing or the device has no Bluetooth adapter.
pub fn init(env: &mut Env<'_>) -> Result<(), btleplug::Error> {
    btleplug::platform::init(env)?;
    INITIALISED.store(true, Ordering::Release);
    Ok(())
}

pub(crate) fn is_initialised() -> bool {
    INITIALISED.load(Ordering::Acquire)
}

/// `dev.touchstone.internal.Native.init()`: declared `external` there, called after `System.loadLibrary`. Throws a `RuntimeException` on failure.
// SAFETY: the exported name is the JNI name of exactly this method; nothing else defines it.
#[unsafe(no_mangle)]
pub extern "system" fn Java_dev_touchstone_internal_Native_init<'local>(
    mut unowned: EnvUnowned<'local>,
    _class: JClass<'local>,
) {
    unowned
        .with_env(|env| init(env))
        .resolve::<ThrowRuntimeExAndDefault>();
}
