package dev.touchstone.keys

import dev.touchstone.store.SealedFile
import java.io.File
import java.io.IOException

/** Which devices credentials may have gone to: an empty file for each, there or not there after any power cut. */
internal class SentMarks(private val folder: File) {
    /** @throws IOException when the storage is full or broken. */
    fun set(name: String, sent: Boolean) {
        val mark = File(folder, name)
        if (sent) {
            SealedFile.replace(mark, ByteArray(0))
        } else if (mark.exists() && !mark.delete()) {
            throw IOException("cannot remove a mark")
        }
    }

    /** The devices with a mark. */
    fun all(): Set<String> = folder.list()?.filterNot { it.endsWith(".new") }?.toSet().orEmpty()

    internal companion object {
        /** A device's name as that of a file. */
        fun name(ueid: ByteArray): String = ueid.joinToString("") { "%02x".format(it) }
    }
}
