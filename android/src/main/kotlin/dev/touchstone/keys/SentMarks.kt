package dev.touchstone.keys

import dev.touchstone.store.SealedFile
import java.io.File
import java.io.IOException

/** In which set-up credentials may have gone to a device: a file for each, there whole or not there after any power cut. */
internal class SentMarks(private val folder: File) {
    /** @throws IOException when the storage is full or broken. */
    fun set(name: String, setUp: ByteArray?) {
        val mark = File(folder, name)
        if (setUp != null) {
            SealedFile.replace(mark, setUp)
        } else if (mark.exists() && !mark.delete()) {
            throw IOException("cannot remove a mark")
        }
    }

    /** @throws IOException when the storage is broken. */
    fun get(name: String): ByteArray? {
        val mark = File(folder, name)
        return if (mark.exists()) mark.readBytes() else null
    }

    internal companion object {
        /** A device's name as that of a file. */
        fun name(ueid: ByteArray): String = ueid.joinToString("") { "%02x".format(it) }
    }
}
