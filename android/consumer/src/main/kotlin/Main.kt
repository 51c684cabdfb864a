import dev.touchstone.Attempt
import dev.touchstone.ffi.ConnectAttempt
import dev.touchstone.ffi.Stage
import dev.touchstone.flow.A11yContext
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Cue
import dev.touchstone.flow.Screen
import dev.touchstone.sim.Hands
import dev.touchstone.sim.Simulation
import dev.touchstone.sim.TranscriptRecorder
import kotlinx.coroutines.runBlocking

/** The hands of the simulator's person on an attempt. */
class HandsOn(private val phone: () -> ConnectAttempt) : Hands {
    override fun press(action: ActionId, seq: ULong) = phone().press(action, seq)

    override fun password(typed: String) = phone().password(typed)

    override fun selectNetwork(index: UInt) = phone().selectNetwork(index)

    override fun counts(first: UByte, second: UByte, third: UByte) = phone().counts(first, second, third)

    override fun leave() = phone().cancel()
}

/** Tells a story of the simulator with nothing but the classes of the packed AAR, and prints its transcript. */
fun main(arguments: Array<String>): Unit = runBlocking {
    val context = A11yContext(
        screenReader = true,
        switchAccess = false,
        reduceMotion = false,
        haptics = true,
        sounds = true,
        timeScale = 1f,
    )
    val story = arguments.single()

    // Through the facade.
    val simulation = Simulation(story)
    lateinit var inner: ConnectAttempt
    inner = simulation.attempt(context, HandsOn { inner })
    val attempt = Attempt(inner)
    val outcome = attempt.run().outcome
    check(attempt.screen.value != null) { "nothing was shown" }

    // Through the bindings, with everything that is shown and given.
    val again = Simulation(story)
    val recorder = TranscriptRecorder(again)
    lateinit var recorded: ConnectAttempt
    recorded = again.attempt(context, HandsOn { recorded })
    val report = recorded.run(object : Stage {
        override fun show(screen: Screen) = recorder.show(again.now(), screen)

        override fun cue(cue: Cue) = recorder.cue(again.now(), cue)
    })
    check(report.outcome == outcome) { "told twice, it ended as $outcome and as ${report.outcome}" }
    print(recorder.text(report.outcome))
}
