package dev.touchstone.keys

import java.math.BigInteger
import java.security.KeyPairGenerator
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import kotlin.test.assertEquals
import org.junit.jupiter.api.Test

class Sec1Test {
    @Test
    fun `a public key is 65 bytes with its coordinates, leading zeros included`() {
        val keys = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }
        var short = 0
        // One coordinate in 256 begins with a zero.
        repeat(800) {
            val key = keys.generateKeyPair().public as ECPublicKey
            val point = Sec1.uncompressed(key)
            assertEquals(65, point.size)
            assertEquals(4, point[0])
            assertEquals(key.w.affineX, BigInteger(1, point.copyOfRange(1, 33)))
            assertEquals(key.w.affineY, BigInteger(1, point.copyOfRange(33, 65)))
            if (point[1] == 0.toByte() || point[33] == 0.toByte()) short++
        }
        assertEquals(true, short > 0)
    }

    @Test
    fun `names of devices are in hexadecimal`() {
        assertEquals("00ff10", SentMarks.name(byteArrayOf(0, -1, 16)))
    }
}
