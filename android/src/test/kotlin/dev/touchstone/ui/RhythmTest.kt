package dev.touchstone.ui

import dev.touchstone.ffi.notes
import dev.touchstone.ffi.vibration
import dev.touchstone.flow.Earcon
import dev.touchstone.flow.Haptic
import kotlin.math.abs
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.jupiter.api.Test

class RhythmTest {
    @Test
    fun `a vibration begins at once and has the rhythm of the core`() {
        assertContentEquals(longArrayOf(0, 80, 120, 80), Rhythm.timings(vibration(Haptic.YOUR_TURN)).dropLastRest())
        assertContentEquals(longArrayOf(0, 500), Rhythm.timings(vibration(Haptic.DONE)).dropLastRest())
    }

    private fun LongArray.dropLastRest() = if (last() == 0L) copyOf(size - 1) else this

    @Test
    fun `every sound is short, is heard and does not click`() {
        for (earcon in Earcon.entries) {
            val samples = Rhythm.samples(notes(earcon))
            assertTrue(samples.size <= Rhythm.SAMPLE_RATE * 6 / 10, "$earcon is longer than 0.6 s")
            assertTrue(samples.maxOf { abs(it.toInt()) } in 8_000..24_000, "$earcon")
            val jumps = samples.toList().zipWithNext { a, b -> abs(a - b) }
            assertTrue(jumps.max() < 8_000, "$earcon jumps")
            assertEquals(0, samples.first())
        }
    }

    @Test
    fun `the four sounds differ in how many notes they have, or how long the one is`() {
        val shapes = Earcon.entries.map { earcon -> notes(earcon).let { it.size to (it.first().on > 300u) } }
        assertEquals(shapes.size, shapes.toSet().size)
    }
}
