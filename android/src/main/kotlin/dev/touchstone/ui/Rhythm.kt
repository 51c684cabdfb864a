package dev.touchstone.ui

import dev.touchstone.ffi.Note
import kotlin.math.PI
import kotlin.math.min
import kotlin.math.sin

/** The vibrations and sounds of the core in the forms that Android takes. */
internal object Rhythm {
    const val SAMPLE_RATE: Int = 22_050
    private const val VOLUME = 0.6
    private const val MILLISECONDS = 1_000

    /** A note begins and ends softly: a jump would click. */
    private const val RAMP = 5 * SAMPLE_RATE / MILLISECONDS

    /** Resting and vibrating in turn, from vibrating and resting in turn. */
    fun timings(vibration: List<UInt>): LongArray = longArrayOf(0) + vibration.map { it.toLong() }

    /** 16 bit, one channel. */
    fun samples(notes: List<Note>): ShortArray = notes.flatMap { note ->
        val length = samplesIn(note.on)
        val sounding = List(length) { at ->
            val envelope = min(1.0, min(at, length - 1 - at) / RAMP.toDouble())
            val sum = note.hertz.sumOf { sin(2 * PI * it.toInt() * at / SAMPLE_RATE) } / note.hertz.size
            (sum * envelope * VOLUME * Short.MAX_VALUE).toInt().toShort()
        }
        sounding + List(samplesIn(note.off)) { 0.toShort() }
    }.toShortArray()

    private fun samplesIn(milliseconds: UInt): Int = (milliseconds.toLong() * SAMPLE_RATE / MILLISECONDS).toInt()
}
