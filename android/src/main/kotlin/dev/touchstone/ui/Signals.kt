package dev.touchstone.ui

import android.content.Context
import android.media.AudioAttributes
import android.media.AudioFormat
import android.media.AudioTrack
import android.os.Build
import android.os.VibrationAttributes
import android.os.VibrationEffect
import android.os.Vibrator
import android.os.VibratorManager
import dev.touchstone.ffi.notes
import dev.touchstone.ffi.vibration
import dev.touchstone.flow.Earcon
import dev.touchstone.flow.Haptic

/** Vibrations and short sounds, each with the rhythm of the other. Optional extras: a phone without a motor or muted loses nothing but these. */
public class Signals(context: Context) {
    private val vibrator: Vibrator? = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
        context.getSystemService(VibratorManager::class.java)?.defaultVibrator
    } else {
        context.getSystemService(Vibrator::class.java)
    }

    /** Whether there is a motor. */
    public val canVibrate: Boolean = vibrator?.hasVibrator() == true

    /** Vibrates. */
    public fun feel(haptic: Haptic) {
        val motor = vibrator?.takeIf { canVibrate } ?: return
        val timings = Rhythm.timings(vibration(haptic))
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            val attributes = VibrationAttributes.createForUsage(VibrationAttributes.USAGE_ACCESSIBILITY)
            motor.vibrate(VibrationEffect.createWaveform(timings, ONCE), attributes)
        } else if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) {
            motor.vibrate(VibrationEffect.createWaveform(timings, ONCE))
        } else {
            @Suppress("DEPRECATION")
            motor.vibrate(timings, ONCE)
        }
    }

    /** Plays a short sound, at most 0.6 s. */
    public fun play(earcon: Earcon) {
        val samples = Rhythm.samples(notes(earcon))
        val track = try {
            AudioTrack(
                AudioAttributes.Builder()
                    .setUsage(AudioAttributes.USAGE_ASSISTANCE_SONIFICATION)
                    .setContentType(AudioAttributes.CONTENT_TYPE_SONIFICATION)
                    .build(),
                AudioFormat.Builder()
                    .setEncoding(AudioFormat.ENCODING_PCM_16BIT)
                    .setSampleRate(Rhythm.SAMPLE_RATE)
                    .setChannelMask(AudioFormat.CHANNEL_OUT_MONO)
                    .build(),
                samples.size * Short.SIZE_BYTES,
                AudioTrack.MODE_STATIC,
                0,
            )
        } catch (_: IllegalArgumentException) {
            return
        }
        track.write(samples, 0, samples.size)
        if (track.state != AudioTrack.STATE_INITIALIZED) return track.release()
        track.notificationMarkerPosition = samples.size
        track.setPlaybackPositionUpdateListener(object : AudioTrack.OnPlaybackPositionUpdateListener {
            override fun onMarkerReached(ended: AudioTrack) = ended.release()
            override fun onPeriodicNotification(playing: AudioTrack) = Unit
        })
        track.play()
    }

    private companion object {
        const val ONCE = -1
    }
}
