package dev.touchstone.keys

import java.math.BigInteger
import java.security.interfaces.ECPublicKey

/** Public keys as SEC 1 writes them. */
internal object Sec1 {
    private const val FIELD = 32
    private const val UNCOMPRESSED: Byte = 4

    /** `4 || x || y`, 65 bytes, of a key on P-256. */
    fun uncompressed(key: ECPublicKey): ByteArray = byteArrayOf(UNCOMPRESSED) + fixed(key.w.affineX) + fixed(key.w.affineY)

    /** As [FIELD] bytes: `BigInteger` leaves leading zeros out, and puts one in for the sign. */
    private fun fixed(coordinate: BigInteger): ByteArray {
        val bytes = coordinate.toByteArray()
        val out = ByteArray(FIELD)
        val length = minOf(bytes.size, FIELD)
        bytes.copyInto(out, FIELD - length, bytes.size - length)
        return out
    }
}
