package dev.touchstone

import android.app.Activity
import dev.touchstone.ffi.ConnectAttempt
import dev.touchstone.ffi.Report
import dev.touchstone.ffi.Stage
import dev.touchstone.flow.A11yContext
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.Cue
import dev.touchstone.flow.Screen
import java.util.concurrent.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.withContext

/**
 * One attempt to connect a device, from the first screen to the last.
 *
 * Keep it where it outlives a rotation, run it once, and give it to a [dev.touchstone.ui.ConnectButton], or draw [screen] yourself. Screens and cues
 * arrive on any thread; collect them on the one you draw on.
 */
public class Attempt internal constructor(
    private val inner: ConnectAttempt,
    private val doors: SystemDoors?,
    private val dispatcher: CoroutineDispatcher,
) : Person {
    /** An attempt over the generated bindings, such as one of the simulator in a test. It opens no dialog of the system. */
    public constructor(inner: ConnectAttempt, dispatcher: CoroutineDispatcher = Dispatchers.Default) : this(inner, null, dispatcher)

    private val screens = MutableStateFlow<Screen?>(null)
    private val given = MutableSharedFlow<Cue>(extraBufferCapacity = CUES, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    /** The newest screen; each is complete and replaces the one before. `null` before the first. */
    public val screen: StateFlow<Screen?> = screens.asStateFlow()

    /** What to say, play or let the person feel, as it comes. Whoever is late misses it, and nothing is lost that is not on the screen too. */
    public val cues: SharedFlow<Cue> = given.asSharedFlow()

    /** What is typed and not yet used: it survives a rotation, and is in no saved state. */
    internal var draft: CharSequence = ""

    /** Whose dialogs are opened when the person has to allow something. */
    internal fun hostedBy(activity: Activity?) {
        doors?.hostedBy(activity)
    }

    /**
     * Runs the attempt until the person has finished or [cancel] is called. Can be run once.
     *
     * Cancelling the coroutine ends it as [cancel] does, and a device that was asked for anything lets go.
     *
     * @throws dev.touchstone.ffi.ConnectException.AlreadyRun when it has been run before.
     */
    public suspend fun run(): Report = run(null)

    /** The same, for an audience that sees and hears everything at the moment it is given: on the thread that runs the attempt. */
    internal suspend fun run(audience: Stage?): Report = withContext(dispatcher) {
        try {
            inner.run(object : Stage {
                override fun show(screen: Screen) {
                    screens.value = screen
                    audience?.show(screen)
                }

                override fun cue(cue: Cue) {
                    given.tryEmit(cue)
                    audience?.cue(cue)
                }
            })
        } catch (cancelled: CancellationException) {
            inner.cancel()
            throw cancelled
        }
    }

    /** The app leaves: a device that was asked for anything is told to let go, and [run] returns soon. The Cancel of a screen is a press like any other. */
    public fun cancel(): Unit = inner.cancel()

    override fun press(action: ActionId, seq: ULong): Unit = inner.press(action, seq)

    override fun password(password: String): Unit = inner.password(password)

    override fun selectNetwork(index: UInt): Unit = inner.selectNetwork(index)

    override fun typeNetwork(name: String, secured: Boolean): Unit = inner.typeNetwork(name, secured)

    override fun counts(counts: List<UByte>) {
        val (first, second, third) = counts
        inner.counts(first, second, third)
    }

    override fun setContext(context: A11yContext): Unit = inner.setContext(context)

    override fun uiReady(ready: Boolean): Unit = inner.uiReady(ready)

    override fun said(id: ULong, delivered: Boolean): Unit = inner.said(id, delivered)

    override fun resume(): Unit = inner.resume()

    /** The window has the focus again, perhaps after a dialog. */
    internal fun returned() {
        doors?.returned()
        resume()
    }

    private companion object {
        /** More than are ever given between two frames. */
        const val CUES = 64
    }
}

/** What opens the system's dialogs. */
internal interface SystemDoors {
    fun hostedBy(activity: Activity?)
    fun returned()
}
