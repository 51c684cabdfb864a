package dev.touchstone.store

import dev.touchstone.ffi.SavedNetwork
import dev.touchstone.ffi.Security
import dev.touchstone.keys.SentMarks
import java.io.File
import javax.crypto.KeyGenerator
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class StoreTest {
    @TempDir
    lateinit var folder: File

    private fun key() = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()

    private fun network(name: String, passphrase: String?) = SavedNetwork(
        ssid = name.toByteArray(),
        security = if (passphrase == null) Security.OPEN else Security.WPA2_PSK,
        passphrase = passphrase?.toByteArray(),
        hidden = false,
    )

    @Test
    fun `what is written comes back, and is nowhere on the disk in clear`() {
        val key = key()
        val file = File(folder, "a/networks")
        SealedFile(file) { key }.write("correct horse".toByteArray())
        assertContentEquals("correct horse".toByteArray(), SealedFile(file) { key }.read())
        assertFalse(String(file.readBytes(), Charsets.ISO_8859_1).contains("horse"))
        assertEquals(listOf("networks"), file.parentFile.list()?.toList())
    }

    @Test
    fun `the same content is never the same bytes`() {
        val key = key()
        val file = File(folder, "networks")
        val sealed = SealedFile(file) { key }
        sealed.write(ByteArray(9))
        val first = file.readBytes()
        sealed.write(ByteArray(9))
        assertNotEquals(first.toList(), file.readBytes().toList())
    }

    @Test
    fun `a file that was changed, cut off or sealed by another key is as none`() {
        val key = key()
        val file = File(folder, "networks")
        val sealed = SealedFile(file) { key }
        assertNull(sealed.read())
        sealed.write("x".toByteArray())
        val bytes = file.readBytes()
        for (at in bytes.indices) {
            file.writeBytes(bytes.copyOf().also { it[at] = (it[at].toInt() xor 1).toByte() })
            assertNull(sealed.read(), "byte $at")
        }
        for (length in bytes.indices) {
            file.writeBytes(bytes.copyOf(length))
            assertNull(sealed.read(), "$length bytes")
        }
        file.writeBytes(bytes)
        assertNull(SealedFile(file) { key() }.read())
    }

    @Test
    fun `networks come back newest first, each once, and not more than anyone has`() {
        val key = key()
        val networks = SavedNetworks(SealedFile(File(folder, "networks")) { key })
        assertEquals(emptyList(), networks.saved())
        networks.save(network("Home", "old password"))
        networks.save(network("Café", null))
        networks.save(network("Home", "new password"))
        assertEquals(listOf("Home", "Café"), networks.saved().map { String(it.ssid) })
        assertEquals("new password", networks.saved().first().passphrase?.let(::String))
        assertNull(networks.saved().last().passphrase)
        repeat(40) { networks.save(network("n$it", null)) }
        assertEquals(SavedNetworks.MOST, networks.saved().size)
        networks.forgetAll()
        assertEquals(emptyList(), networks.saved())
    }

    @Test
    fun `what a newer version wrote is read as far as it is understood`() {
        val known = SavedNetworks.encode(listOf(network("Home", "password")))
        assertEquals(1, SavedNetworks.decode(known + byteArrayOf(3, 1, 2)).size)
        assertEquals(0, SavedNetworks.decode(byteArrayOf(1)).size)
    }

    @Test
    fun `a mark outlives the app until it is taken back`() {
        val marks = SentMarks(File(folder, "sent"))
        val (first, second) = ByteArray(16) { 1 } to ByteArray(16) { 2 }
        assertNull(marks.get("00aa"))
        marks.set("00aa", first)
        marks.set("00bb", second)
        marks.set("00aa", second)
        assertContentEquals(second, SentMarks(File(folder, "sent")).get("00aa"))
        marks.set("00aa", null)
        marks.set("00cc", null)
        assertNull(SentMarks(File(folder, "sent")).get("00aa"))
        assertContentEquals(second, marks.get("00bb"))
    }
}
