package dev.touchstone.ui

import dev.touchstone.Person
import dev.touchstone.flow.ActionId
import dev.touchstone.flow.FieldKind
import dev.touchstone.flow.FocusTarget
import dev.touchstone.flow.Msg
import dev.touchstone.flow.NetworkItem
import dev.touchstone.flow.Screen
import dev.touchstone.flow.Step

/** What the person has typed; which of it counts depends on the screen. */
internal class Typed(val text: CharSequence, val counts: List<CharSequence> = emptyList())

/** A list to choose from. */
internal data class Choice(val items: List<NetworkItem>, val selected: Int?)

/** Everything about drawing a screen that is not in the screen itself, and nothing of Android. */
internal class Presenter(private val person: Person) {
    private var focused: ULong? = null

    /** The screen shown now. */
    var screen: Screen? = null
        private set

    /** Takes the newest screen; returns where to move the focus, once for each screen. */
    fun show(screen: Screen): FocusTarget? {
        this.screen = screen
        if (focused == screen.seq) return null
        focused = screen.seq
        return screen.focus
    }

    /** Hands over what was typed, then the press itself. */
    fun press(action: ActionId, typed: Typed) {
        val screen = screen ?: return
        if (action == screen.primary.id) submit(screen, typed)
        person.press(action, screen.seq)
    }

    private fun submit(screen: Screen, typed: Typed) {
        when (screen.field?.kind) {
            FieldKind.PASSWORD -> person.password(typed.text.toString())
            FieldKind.NETWORK_NAME -> person.typeNetwork(typed.text.toString(), secured = true)
            FieldKind.COUNTS -> counts(typed)?.let(person::counts)
            null -> {}
        }
    }

    /** Three numbers from 1 to 6; `null` as long as one is missing. */
    private fun counts(typed: Typed): List<UByte>? {
        val numbers = typed.counts.map { it.toString().trim().toUByteOrNull() ?: return null }
        return numbers.takeIf { it.size == COUNTS && it.all { number -> number in FEWEST..MOST } }
    }

    fun choose(index: Int) {
        person.selectNetwork(index.toUInt())
    }

    internal companion object {
        private const val COUNTS = 3
        private const val FEWEST: UByte = 1u
        private const val MOST: UByte = 6u

        /** The list of this screen, if it has one. */
        fun choice(screen: Screen): Choice? = (screen.step as? Step.NetworkList)?.let { Choice(it.items, it.selected?.toInt()) }

        /** What the button says of itself while it has nothing to do but to repeat this. */
        fun stateDescription(screen: Screen): Msg? = screen.status.takeIf { screen.busy }

        /** Whether what is in the field is still needed: it survives a failure, and not the end. */
        fun keepsText(screen: Screen): Boolean = when (screen.step) {
            is Step.Done, is Step.Cancelled, is Step.Idle, is Step.AlreadyOwned, is Step.Revoked, is Step.NotGenuine -> false
            else -> true
        }
    }
}
