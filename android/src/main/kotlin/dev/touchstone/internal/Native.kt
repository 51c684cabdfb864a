package dev.touchstone.internal

/**
 * The native library as the Java virtual machine loads it.
 *
 * JNA opens the library too, but without telling it about the virtual machine, which btleplug needs. The name of this class and of [init] are part of
 * `crates/touchstone-ble/src/android.rs`.
 */
internal object Native {
    init {
        System.loadLibrary("touchstone_ffi")
    }

    /** Prepares btleplug. Must be called on a thread that Java entered. Throws a `RuntimeException` when there is no Bluetooth. */
    @JvmStatic
    external fun init()
}
