package dev.touchstone.radio

import kotlin.test.assertEquals
import org.junit.jupiter.api.Test

class ScanPacerTest {
    private val pacer = ScanPacer()

    @Test
    fun `five scans begin at once, the sixth waits for the window of the first`() {
        for (start in 0L until 5) {
            assertEquals(0, pacer.wait(start * 1_000))
            pacer.begun(start * 1_000)
        }
        assertEquals(25_000, pacer.wait(5_000))
        assertEquals(0, pacer.wait(30_000))
        pacer.begun(30_000)
        assertEquals(1_000, pacer.wait(30_000))
    }

    @Test
    fun `after a refusal a whole window is waited for`() {
        pacer.refused(7_000)
        assertEquals(ScanPacer.WINDOW, pacer.wait(7_000))
        assertEquals(0, pacer.wait(37_000))
    }
}
