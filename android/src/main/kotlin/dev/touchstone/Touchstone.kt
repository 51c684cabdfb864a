package dev.touchstone

import android.content.Context
import dev.touchstone.ffi.ConnectException
import dev.touchstone.ffi.HostRadio
import dev.touchstone.ffi.Policy
import dev.touchstone.ffi.PostQuantum
import dev.touchstone.ffi.Provisioner
import dev.touchstone.ffi.TrustBundle
import dev.touchstone.flow.A11yContext
import dev.touchstone.internal.Native
import dev.touchstone.keys.KeystoreOwnerKeys
import dev.touchstone.radio.AndroidRadio
import dev.touchstone.store.KeystoreKey
import dev.touchstone.store.SavedNetworks
import dev.touchstone.store.SealedFile
import dev.touchstone.ui.Signals
import dev.touchstone.ui.Surroundings
import java.io.File
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** Which Bluetooth is used. See docs/adr for what each can do. */
public enum class Bluetooth {
    /** The one of this package, made for Android: low latency, LE only, errors of the scan are seen, a refused MTU costs nothing. */
    Android,

    /** The one that every platform of Touchstone shares (btleplug). */
    Shared,
}

/** Connects new devices to Wi-Fi, for one app. Keep one, and make it with [open]. */
public class Touchstone private constructor(
    private val context: Context,
    private val provisioner: Provisioner,
    private val radio: AndroidRadio?,
    private val networks: SavedNetworks,
    private val dispatcher: CoroutineDispatcher,
) {
    /** A new attempt. Nothing happens before it is run. */
    public suspend fun attempt(): Attempt = withContext(dispatcher) {
        val inner = provisioner.attempt(surroundings())
        Attempt(inner, radio, dispatcher)
    }

    private fun surroundings(): A11yContext = Surroundings.read(context, Signals(context))

    /** The number of the trust bundle: keep it, and give it to [open] as `knownSequence` next time, so that no older one is believed again. */
    public val bundleSequence: ULong
        get() = provisioner.bundleSequence()

    /** Forgets the Wi-Fi passwords that were kept for the next device. */
    public suspend fun forgetNetworks(): Unit = withContext(Dispatchers.IO) { networks.forgetAll() }

    public companion object {
        /**
         * Opens the SDK: checks the maker's trust bundle, and gets ready what keeps owner keys and networks on this phone.
         *
         * @param trust the maker's signed list of genuine products, and the key it is signed with.
         * @param language of product names, as in the bundle.
         * @param dispatcher runs what computes; never the main thread.
         * @throws ConnectException when the bundle cannot be believed. [ConnectException.advice] is what to tell the person.
         */
        @Throws(ConnectException::class)
        public suspend fun open(
            context: Context,
            trust: TrustBundle,
            policy: Policy = Policy(language = "en", demandCounting = false, postQuantum = PostQuantum.OFF),
            bluetooth: Bluetooth = Bluetooth.Android,
            dispatcher: CoroutineDispatcher = Dispatchers.Default,
        ): Touchstone = withContext(dispatcher) {
            val application = context.applicationContext
            val owner = KeystoreOwnerKeys(application)
            val networks = SavedNetworks(
                SealedFile(File(application.noBackupFilesDir, "touchstone/networks"), KeystoreKey("dev.touchstone.networks")),
            )
            val host = if (bluetooth == Bluetooth.Android) AndroidRadio(application) else null
            val provisioner = if (host != null) {
                val radio = HostRadio(host)
                host.radio = radio
                Provisioner.withRadio(radio, trust, policy, owner, networks)
            } else {
                Native.init()
                Provisioner(trust, policy, owner, networks)
            }
            Touchstone(application, provisioner, host, networks, dispatcher)
        }
    }
}
