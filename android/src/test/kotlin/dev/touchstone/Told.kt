package dev.touchstone

import dev.touchstone.ffi.Report
import dev.touchstone.ffi.Stage
import dev.touchstone.flow.A11yContext
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Cue
import dev.touchstone.flow.Screen
import dev.touchstone.sim.Hands
import dev.touchstone.sim.Simulation
import dev.touchstone.sim.TranscriptRecorder
import dev.touchstone.sim.stories
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking

/** A person with a screen reader, as in the golden transcripts. */
internal val READER = A11yContext(
    screenReader = true,
    switchAccess = false,
    reduceMotion = false,
    haptics = true,
    sounds = true,
    timeScale = 1f,
)

/** Every story, told once for all tests. */
internal object Stories {
    private val told = HashMap<String, Told>()

    fun tell(story: String): Told = synchronized(told) { told.getOrPut(story) { Told(story).also { it.report = runBlocking { it.run() } } } }

    fun all(): List<Told> = stories().map { tell(it.name) }
}

/** A story of the simulator, told through the facade in both directions. */
internal class Told(val story: String, dispatcher: CoroutineDispatcher = Dispatchers.Default) {
    private val simulation = Simulation(story)
    private val recorder = TranscriptRecorder(simulation)
    val screens = ArrayList<Screen>()
    val cues = ArrayList<Cue>()
    val threads = HashSet<String>()

    private val hands = object : Hands {
        lateinit var phone: Attempt

        override fun press(action: ActionId, seq: ULong) = phone.press(action, seq)

        override fun password(typed: String) = phone.password(typed)

        override fun selectNetwork(index: UInt) = phone.selectNetwork(index)

        override fun counts(first: UByte, second: UByte, third: UByte) = phone.counts(listOf(first, second, third))

        override fun leave() = phone.cancel()
    }

    val attempt = Attempt(simulation.attempt(READER, hands), dispatcher).also { hands.phone = it }

    private val audience = object : Stage {
        override fun show(screen: Screen) {
            threads += Thread.currentThread().name
            screens += screen
            recorder.show(simulation.now(), screen)
        }

        override fun cue(cue: Cue) {
            cues += cue
            recorder.cue(simulation.now(), cue)
        }
    }

    /** How it ended, for who tells it through [Stories]. */
    lateinit var report: Report

    suspend fun run(): Report = attempt.run(audience)

    fun transcript(report: Report): String = recorder.text(report.outcome)
}
