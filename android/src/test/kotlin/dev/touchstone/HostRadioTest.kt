package dev.touchstone

import dev.touchstone.ffi.RadioState
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Permission
import dev.touchstone.flow.Screen
import dev.touchstone.flow.Step
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Test

/** The radio of the app, asked by the SDK in real time. */
class HostRadioTest {
    private suspend fun Attempt.at(wanted: (Step) -> Boolean): Screen = screen.first { it != null && wanted(it.step) }!!

    /** A press a second after the label changed: earlier it would only repeat the status. */
    private suspend fun Attempt.pressPrimary(shown: Screen) {
        delay(GUARD)
        press(shown.primary.id, shown.seq)
    }

    private fun told(phone: FakePhone, story: suspend CoroutineScope.(Attempt) -> Unit) = runBlocking {
        withTimeout(WAIT) {
            val attempt = phone.attempt()
            val running = async { attempt.run() }
            story(attempt)
            attempt.cancel()
            running.await()
            phone.close()
        }
    }

    @Test
    fun `one press asks once, and the scan begins`() {
        val phone = FakePhone().apply {
            state = RadioState.NEEDS_PERMISSION
            granted = RadioState.ON
        }
        told(phone) { attempt ->
            attempt.pressPrimary(attempt.at { it is Step.Idle })
            val asking = attempt.at { it is Step.PermissionNeeded }
            assertEquals(Permission.NEARBY_DEVICES, (asking.step as Step.PermissionNeeded).what)
            assertTrue(!phone.said("request"), "no dialog before the press")
            attempt.pressPrimary(asking)
            attempt.at { it is Step.Scanning }
            assertEquals(1, phone.asked.count { it == "request" })
        }
        assertTrue(phone.said("stop"))
    }

    @Test
    fun `an old phone is told about location`() {
        val phone = FakePhone().apply {
            state = RadioState.NEEDS_LOCATION
            granted = RadioState.LOCATION_OFF
        }
        told(phone) { attempt ->
            attempt.pressPrimary(attempt.at { it is Step.Idle })
            val asking = attempt.at { it is Step.PermissionNeeded }
            assertEquals(Permission.LOCATION, (asking.step as Step.PermissionNeeded).what)
            attempt.pressPrimary(asking)
            val off = attempt.at { it is Step.LocationOff }
            assertEquals(ActionId.TURN_ON_LOCATION, off.primary.id)
            // Switched on in the settings, without a word: seen when the person comes back.
            phone.state = RadioState.ON
            attempt.resume()
            attempt.at { it is Step.Scanning }
        }
    }

    @Test
    fun `what is not service data of ours connects to nothing`() {
        val phone = FakePhone().apply {
            onScan = { scan ->
                radio.sighting(scan, "A", -40, ByteArray(3))
                radio.sighting(scan + 1u, "B", -40, ByteArray(12))
                radio.sighting(scan, "C", null, ByteArray(0))
            }
        }
        told(phone) { attempt ->
            attempt.pressPrimary(attempt.at { it is Step.Idle })
            attempt.at { it is Step.Scanning }
            delay(GUARD)
            assertTrue(phone.asked.none { it.startsWith("connect") }, phone.asked.toString())
        }
    }

    private companion object {
        const val WAIT = 30_000L
        const val GUARD = 1_000L
    }
}
