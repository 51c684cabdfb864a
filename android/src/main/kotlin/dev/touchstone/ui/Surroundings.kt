package dev.touchstone.ui

import android.accessibilityservice.AccessibilityServiceInfo
import android.content.Context
import android.media.AudioManager
import android.os.Build
import android.provider.Settings
import android.view.accessibility.AccessibilityManager
import dev.touchstone.flow.A11yContext

/** What the person uses, as the system tells it. */
internal object Surroundings {
    private const val ONE_SECOND = 1_000

    fun read(context: Context, signals: Signals): A11yContext {
        val manager = context.getSystemService(AccessibilityManager::class.java)
        val speaks = manager?.spoken() == true
        val audio = context.getSystemService(AudioManager::class.java)
        val animation = Settings.Global.getFloat(context.contentResolver, Settings.Global.ANIMATOR_DURATION_SCALE, 1f)
        return A11yContext(
            screenReader = speaks,
            // Switch Access is a service that neither speaks nor explores by touch.
            switchAccess = manager?.isEnabled == true && !speaks,
            reduceMotion = animation == 0f,
            haptics = signals.canVibrate,
            sounds = audio?.ringerMode != AudioManager.RINGER_MODE_SILENT,
            timeScale = manager?.timeScale() ?: 1f,
        )
    }

    private fun AccessibilityManager.spoken(): Boolean = isEnabled &&
        (
            isTouchExplorationEnabled ||
                getEnabledAccessibilityServiceList(
                    AccessibilityServiceInfo.FEEDBACK_SPOKEN or AccessibilityServiceInfo.FEEDBACK_BRAILLE,
                ).isNotEmpty()
            )

    /** How many times longer than usual the person wants things to stay. */
    private fun AccessibilityManager.timeScale(): Float {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) return 1f
        val flags = AccessibilityManager.FLAG_CONTENT_TEXT or AccessibilityManager.FLAG_CONTENT_CONTROLS
        return getRecommendedTimeoutMillis(ONE_SECOND, flags) / ONE_SECOND.toFloat()
    }
}
