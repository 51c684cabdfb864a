package dev.touchstone

import dev.touchstone.ffi.HostRadio
import dev.touchstone.ffi.NetworkStore
import dev.touchstone.ffi.OwnerKey
import dev.touchstone.ffi.Policy
import dev.touchstone.ffi.PostQuantum
import dev.touchstone.ffi.Provisioner
import dev.touchstone.ffi.RadioHost
import dev.touchstone.ffi.RadioState
import dev.touchstone.ffi.SavedNetwork
import dev.touchstone.sim.simulatedTrust
import kotlinx.coroutines.Dispatchers

/** A phone in real time whose radio does as the test says, and finds nothing by itself. */
internal class FakePhone(vendorKey: ByteArray? = null) : AutoCloseable {
    val asked = ArrayList<String>()

    @Volatile
    var state = RadioState.ON

    private val host: RadioHost = object : RadioHost {
        override fun state(): RadioState = this@FakePhone.state

        override fun requestAccess(request: ULong) {
            note("request")
            granted?.let {
                state = it
                answer(request, it)
            }
        }

        override fun startScan(scan: ULong) {
            note("scan")
            onScan(scan)
        }

        override fun stopScan(scan: ULong) = note("stop")

        override fun connect(link: ULong, peripheral: String) = note("connect $peripheral")

        override fun write(link: ULong, fragment: ByteArray) = note("write")

        override fun disconnect(link: ULong) = note("disconnect")
    }

    /** What the person answers at once. */
    var granted: RadioState? = null

    /** What is in the air when a scan begins. */
    var onScan: (ULong) -> Unit = {}

    val radio: HostRadio = HostRadio(host)

    private fun answer(request: ULong, state: RadioState) = radio.answered(request, state)

    private val provisioner = Provisioner.withRadio(
        radio,
        simulatedTrust().let { if (vendorKey == null) it else it.copy(vendorKey = vendorKey) },
        Policy(language = "en", demandCounting = false, postQuantum = PostQuantum.OFF),
        object : OwnerKey {
            override fun publicKey(ueid: ByteArray): ByteArray = error("no device comes so far")

            override fun sign(ueid: ByteArray, payload: ByteArray): ByteArray = error("no device comes so far")

            override fun markSent(ueid: ByteArray, setUp: ByteArray?) = Unit

            override fun sent(ueid: ByteArray): ByteArray? = null

            override fun forget(ueid: ByteArray) = Unit
        },
        object : NetworkStore {
            override fun saved(): List<SavedNetwork> = emptyList()

            override fun save(network: SavedNetwork) = Unit
        },
    )

    fun attempt(): Attempt = Attempt(provisioner.attempt(READER), Dispatchers.Default)

    private fun note(what: String) {
        synchronized(asked) { asked += what }
    }

    fun said(what: String): Boolean = synchronized(asked) { what in asked }

    override fun close() {
        provisioner.close()
        radio.close()
    }
}
