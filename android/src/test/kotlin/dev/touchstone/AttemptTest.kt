package dev.touchstone

import dev.touchstone.ffi.ConnectException
import dev.touchstone.ffi.Outcome
import dev.touchstone.ffi.Stage
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Cue
import dev.touchstone.flow.MsgId
import dev.touchstone.flow.Screen
import dev.touchstone.flow.Step
import dev.touchstone.sim.SimulationException
import java.util.concurrent.Executors
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Test

class AttemptTest {
    @Test
    fun `the last screen stays to be drawn`() = runBlocking {
        val told = Told("success")
        assertEquals(Outcome.CONNECTED, told.run().outcome)
        assertEquals(told.screens.last(), told.attempt.screen.value)
        assertIs<Step.Done>(told.attempt.screen.value?.step)
        Unit
    }

    @Test
    fun `an attempt runs once`() = runBlocking {
        val told = Told("permission-blocked")
        told.run()
        val error = assertFailsWith<ConnectException.AlreadyRun> { told.run() }
        assertNotEquals("", error.toString())
        Unit
    }

    @Test
    fun `there is no story without a name`() {
        assertFailsWith<SimulationException.Unknown> { Told("no such story") }
    }

    @Test
    fun `a report for support says how it ended, and names no network, no password and no device`() {
        for (told in Stories.all()) {
            val support = told.report.support
            assertTrue(support.startsWith("{\"") && support.contains("\"outcome\":"), support)
            for (secret in listOf("Home", "Guest", "correct horse", "horse", "donkey", "Kitchen", "lamp")) {
                assertFalse(support.contains(secret), "$secret in the report of ${told.story}")
            }
        }
    }

    @Test
    fun `after a kill the person finishes or cancels, and touches and types nothing again`() {
        for ((story, outcome) in listOf(
            "killed-after-sending" to Outcome.CONNECTED,
            "killed-after-sending-cancel" to Outcome.CANCELLED,
        )) {
            val told = Stories.tell(story)
            val asked = told.screens.single { it.step is Step.Unfinished }
            assertEquals(ActionId.FINISH, asked.primary.id)
            assertTrue(asked.secondary.any { it.id == ActionId.CANCEL })
            assertTrue(told.screens.none { it.step is Step.AwaitPresence || it.step is Step.AskPassword })
            assertEquals(outcome, told.report.outcome)
        }
    }

    @Test
    fun `nothing happens on the thread that draws`() {
        val main = Executors.newSingleThreadExecutor { Thread(it, "main thread of the app") }
        main.asCoroutineDispatcher().use { dispatcher ->
            runBlocking(dispatcher) {
                val told = Told("success")
                told.run()
                assertTrue(told.threads.isNotEmpty())
                assertTrue(told.threads.none { it.startsWith("main thread") }, told.threads.toString())
            }
        }
    }

    @Test
    fun `a person who cancels a waiting attempt is not waited for`() = runBlocking {
        withTimeout(WAIT) {
            val phone = FakePhone()
            val attempt = phone.attempt()
            val running = async { attempt.run() }
            attempt.screen.first { it?.step is Step.Idle }
            attempt.cancel()
            assertEquals(Outcome.UNFINISHED, running.await().outcome)
            phone.close()
        }
    }

    @Test
    fun `cancelling the coroutine ends the attempt`() = runBlocking {
        withTimeout(WAIT) {
            val phone = FakePhone()
            val attempt = phone.attempt()
            val running = launch { attempt.run() }
            attempt.screen.first { it?.step is Step.Idle }
            running.cancelAndJoin()
            assertTrue(running.isCancelled)
            // Whatever comes afterwards has no effect, and does no harm.
            attempt.press(ActionId.CONNECT_DEVICE, 1u)
            phone.close()
        }
    }

    @Test
    fun `a stage that throws does not end the attempt`() = runBlocking {
        val told = Told("success")
        val report = told.attempt.run(object : Stage {
            override fun show(screen: Screen): Unit = error("drawing failed")

            override fun cue(cue: Cue): Unit = error("speaking failed")
        })
        assertEquals(Outcome.CONNECTED, report.outcome)
    }

    @Test
    fun `a bundle that cannot be believed is told with advice`() {
        val error = assertFailsWith<ConnectException> { FakePhone(vendorKey = ByteArray(3)) }
        assertIs<ConnectException.VendorKey>(error)
        assertEquals(MsgId.HELP_UPDATE_APP, error.advice().id)
    }

    @Test
    fun `a thousand attempts leave no handle behind`() = runBlocking {
        val phone = FakePhone()
        repeat(WARM_UP) { phone.comesAndGoes() }
        settle()
        val handles = foreignHandles()
        val memory = resident()
        repeat(THOUSAND) { phone.comesAndGoes() }
        settle()
        assertEquals(handles, foreignHandles())
        val grown = resident() - memory
        assertTrue(grown < MEGABYTES, "$grown bytes more")
        phone.close()
    }

    private suspend fun FakePhone.comesAndGoes() = coroutineScope {
        val attempt = attempt()
        val running = async { attempt.run() }
        attempt.screen.first { it != null }
        attempt.cancel()
        running.await()
    }

    /** Lets the garbage collector find what nobody holds, and the cleaner free what it stood for. */
    private fun settle() = repeat(5) {
        System.gc()
        Thread.sleep(50)
    }

    /** How many Kotlin objects Rust still holds: stages, and the hands of the simulator. */
    private fun foreignHandles(): Int = listOf("ffi.FfiConverterTypeStage", "sim.FfiConverterTypeHands").sumOf { name ->
        val converter = Class.forName("dev.touchstone.$name")
        val map = converter.declaredMethods.single { it.name.startsWith("getHandleMap") }
            .invoke(converter.getField("INSTANCE").get(null))
        map.javaClass.getMethod("getSize").invoke(map) as Int
    }

    private fun resident(): Long {
        val pages = java.io.File("/proc/self/statm").readText().split(' ')[1].toLong()
        return pages * 4096
    }

    private companion object {
        const val WAIT = 20_000L
        const val WARM_UP = 200
        const val THOUSAND = 1_000

        /** What a thousand attempts may leave to the allocators; a leaked one is some 100 KB. */
        const val MEGABYTES = 30_000_000L
    }
}
