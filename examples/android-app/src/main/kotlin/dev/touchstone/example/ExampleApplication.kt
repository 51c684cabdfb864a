package dev.touchstone.example

import android.app.Application
import android.util.Log
import dev.touchstone.Attempt
import dev.touchstone.Touchstone
import dev.touchstone.ffi.Outcome
import dev.touchstone.ffi.TrustBundle
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.launch

/** Keeps what outlives a rotation: the SDK, and the attempt that is running. */
class ExampleApplication : Application() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private var running: Deferred<Attempt>? = null

    private val touchstone: Deferred<Touchstone> by lazy { scope.async { Touchstone.open(this@ExampleApplication, trust()) } }

    /** The maker's list of genuine products and the key it is signed with, as the build put them into the assets. */
    private fun trust(): TrustBundle = TrustBundle(
        signed = assets.open("trust.bundle").use { it.readBytes() },
        vendorKey = assets.open("vendor.key").use { it.readBytes() },
        knownSequence = preferences().getLong(SEQUENCE, 0).toULong(),
    )

    private fun preferences() = getSharedPreferences("touchstone", MODE_PRIVATE)

    /** The attempt that is running, or a new one. */
    @Synchronized
    fun attempt(): Deferred<Attempt> = running ?: scope.async { begin() }.also { running = it }

    private suspend fun begin(): Attempt {
        val touchstone = touchstone.await()
        preferences().edit().putLong(SEQUENCE, touchstone.bundleSequence.toLong()).apply()
        val attempt = touchstone.attempt()
        scope.launch {
            val report = attempt.run()
            // For support: no names, no addresses, no secrets.
            if (report.outcome != Outcome.CONNECTED) Log.i(TAG, report.support)
            synchronized(this@ExampleApplication) { running = null }
        }
        return attempt
    }

    private companion object {
        const val SEQUENCE = "sequence"
        const val TAG = "Touchstone"
    }
}
