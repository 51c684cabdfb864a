package dev.touchstone

import dev.touchstone.flow.A11yContext
import dev.touchstone.flow.ActionId

/** What a person does to a running attempt. Nothing here blocks; what does not fit the present screen is ignored or repeats its status. */
public interface Person {
    /** A control of the screen with this `seq` was activated. */
    public fun press(action: ActionId, seq: ULong)

    /** The present content of the password field. */
    public fun password(password: String)

    /** An entry of the list of networks was chosen, by its position. */
    public fun selectNetwork(index: UInt)

    /** The name of a network that is not in the list was typed. */
    public fun typeNetwork(name: String, secured: Boolean)

    /** The signals counted in each of three groups, each 1 to 6. */
    public fun counts(counts: List<UByte>)

    /** What the person uses, now. */
    public fun setContext(context: A11yContext)

    /** `false` while a system dialog or a keyboard opens, or the app is in the background. */
    public fun uiReady(ready: Boolean)

    /** What became of the announcement with this id. */
    public fun said(id: ULong, delivered: Boolean)

    /** The person came back to the app. */
    public fun resume()
}
