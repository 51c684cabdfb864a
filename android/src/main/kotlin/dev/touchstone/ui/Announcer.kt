package dev.touchstone.ui

import android.view.View
import android.widget.TextView
import dev.touchstone.flow.Cue
import dev.touchstone.flow.Politeness

/**
 * Hands announcements to the screen reader through two live regions.
 *
 * For an app that draws its own screens: give it two text views that exist, empty and visible, before anything is said, and stay that way. Their
 * `accessibilityLiveRegion` is set here. Only for the main thread.
 */
public class Announcer(private val polite: TextView, private val assertive: TextView, private val texts: Texts) {
    init {
        polite.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
        assertive.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_ASSERTIVE
    }

    /**
     * Says it. Returns whether it reached the screen reader: not when the window has lost the focus meanwhile. Report that with
     * [dev.touchstone.Attempt.said].
     */
    public fun say(cue: Cue.Say): Boolean {
        val (region, other) = if (cue.politeness == Politeness.ASSERTIVE) assertive to polite else polite to assertive
        if (!region.isAttachedToWindow || !region.hasWindowFocus()) return false
        val text = texts.text(cue.msg)
        // What is in the other region has been said, or is cut off.
        other.text = ""
        // The same text again is no change, and only a change is read.
        if (region.text.contentEquals(text)) region.text = ""
        region.text = text
        return true
    }

    /** Takes back what has been said, so that nobody finds it twice. */
    public fun clear() {
        polite.text = ""
        assertive.text = ""
    }

    private fun CharSequence.contentEquals(other: CharSequence) = toString() == other.toString()
}
