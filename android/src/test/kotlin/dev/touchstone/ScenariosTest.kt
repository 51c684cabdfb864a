package dev.touchstone

import dev.touchstone.sim.stories
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

class ScenariosTest {
    private val golden = File(System.getProperty("golden"))

    @TestFactory
    fun `every story reads as in Rust, byte for byte`(): List<DynamicTest> = stories().map { story ->
        dynamicTest(story.name) {
            val told = Stories.tell(story.name)
            assertEquals(File(golden, "${story.name}.txt").readText(), told.transcript(told.report))
            assertEquals(story.expected, told.report.outcome)
        }
    }

    @Test
    fun `every golden transcript has its story`() {
        val names = golden.list().orEmpty().map { it.removeSuffix(".txt") }.toSet()
        assertTrue(names.size > 30)
        assertEquals(names, stories().map { it.name }.toSet())
    }
}
