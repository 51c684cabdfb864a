package dev.touchstone.ui

import dev.touchstone.Stories
import dev.touchstone.ffi.render
import dev.touchstone.flow.Arg
import dev.touchstone.flow.Cue
import dev.touchstone.flow.Msg
import dev.touchstone.flow.MsgId
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.jupiter.api.Test
import org.w3c.dom.Element

/** The resources say what Rust says. Android's own lookup is not here; its formatting is that of Java. */
class TextsTest {
    private val resources = File("src/main/res")

    private fun strings(folder: String): Map<String, String> {
        val document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(File(resources, "$folder/touchstone_strings.xml"))
        val nodes = document.getElementsByTagName("string")
        return (0 until nodes.length).map { nodes.item(it) as Element }.associate { it.getAttribute("name") to unescape(it.textContent) }
    }

    /** As aapt does. */
    private fun unescape(text: String): String = Regex("""\\u([0-9a-fA-F]{4})|\\(.)""").replace(text) {
        if (it.groupValues[1].isEmpty()) it.groupValues[2] else it.groupValues[1].toInt(16).toChar().toString()
    }

    private fun messages(): Set<Msg> = Stories.all().flatMap { told ->
        told.screens.flatMap { screen ->
            listOfNotNull(screen.title, screen.status, screen.detail, screen.help, screen.primary.label, screen.field?.label, screen.field?.error) +
                screen.secondary.map { it.label }
        } + told.cues.filterIsInstance<Cue.Say>().map { it.msg }
    }.toSet()

    @Test
    fun `every message of every story is the same from the resources as from Rust, in every language`() {
        val messages = messages().filterNot { isPlural(it.id) }
        assertTrue(messages.size > 40, "${messages.size} messages")
        val folders = resources.list { _, name -> name.startsWith("values") }.orEmpty()
            .filter { File(resources, "$it/touchstone_strings.xml").exists() }
        assertEquals(7, folders.size)
        for (folder in folders) {
            val language = folder.removePrefix("values").removePrefix("-").ifEmpty { "en" }
            val strings = strings(folder)
            for (message in messages) {
                val text = strings.getValue("ts_" + message.id.name.lowercase())
                val arguments = Texts.numbered(message.args)
                val filled = if (arguments.isEmpty()) text else text.format(*arguments)
                assertEquals(render(message, language), filled, "$language ${message.id}")
            }
        }
    }

    @Test
    fun `arguments come in the order of the resources`() {
        val arguments = listOf(Arg.Count(3u), Arg.Network("Home"), Arg.Product("Lamp"))
        assertContentEquals(arrayOf<Any>("Lamp", "Home", 3), Texts.numbered(arguments))
        assertEquals(3, Texts.quantity(arguments))
    }

    @Test
    fun `the one plural is known as one`() {
        assertEquals(listOf(MsgId.FOUND_SEVERAL), MsgId.entries.filter(::isPlural))
    }
}
