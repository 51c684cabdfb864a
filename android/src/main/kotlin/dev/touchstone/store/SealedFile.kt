package dev.touchstone.store

import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.Key
import java.security.ProviderException
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec

/**
 * A small file that only this phone can read: AES-GCM under a key that does not leave the key store.
 *
 * `1 || IV (12) || ciphertext and tag`. The key store chooses the IV; it refuses one from outside.
 */
internal class SealedFile(private val file: File, private val key: () -> Key) {
    /** What was written last; `null` when there is nothing, or nothing that this key opens. */
    fun read(): ByteArray? {
        val bytes = try {
            file.readBytes()
        } catch (_: IOException) {
            return null
        }
        if (bytes.size < HEADER + TAG || bytes[0] != VERSION) return null
        return try {
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(Cipher.DECRYPT_MODE, key(), GCMParameterSpec(TAG * Byte.SIZE_BITS, bytes, 1, IV))
            cipher.updateAAD(bytes, 0, 1)
            cipher.doFinal(bytes, HEADER, bytes.size - HEADER)
        } catch (_: GeneralSecurityException) {
            // A backup put onto another phone, or a key that the system has thrown away: begin anew.
            null
        } catch (_: ProviderException) {
            // The key store itself failed.
            null
        }
    }

    /**
     * Replaces the content: after a power cut either the old or the new one is there.
     *
     * @throws IOException when the storage is full or broken.
     * @throws GeneralSecurityException when the key store fails.
     */
    fun write(content: ByteArray) {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, key())
        cipher.updateAAD(byteArrayOf(VERSION))
        replace(file, byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(content))
    }

    /** Leaves nothing behind. */
    fun delete() {
        file.delete()
    }

    internal companion object {
        private const val TRANSFORMATION = "AES/GCM/NoPadding"
        private const val VERSION: Byte = 1
        private const val IV = 12
        private const val TAG = 16
        private const val HEADER = 1 + IV

        /** Writes beside [file], waits for the storage and renames. */
        fun replace(file: File, content: ByteArray) {
            file.parentFile?.mkdirs()
            val fresh = File(file.path + ".new")
            FileOutputStream(fresh).use {
                it.write(content)
                it.fd.sync()
            }
            if (!fresh.renameTo(file)) throw IOException("cannot replace ${file.name}")
        }
    }
}
