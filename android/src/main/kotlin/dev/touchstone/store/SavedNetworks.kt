package dev.touchstone.store

import dev.touchstone.ffi.HostException
import dev.touchstone.ffi.NetworkStore
import dev.touchstone.ffi.SavedNetwork
import dev.touchstone.ffi.Security
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.IOException
import java.security.GeneralSecurityException

/** The networks that worked, most recently used first, in one sealed file. */
internal class SavedNetworks(private val file: SealedFile) : NetworkStore {
    @Synchronized
    override fun saved(): List<SavedNetwork> = file.read()?.let(::decode).orEmpty()

    @Synchronized
    override fun save(network: SavedNetwork) {
        val others = saved().filterNot { it.ssid.contentEquals(network.ssid) }
        try {
            file.write(encode((listOf(network) + others).take(MOST)))
        } catch (error: IOException) {
            throw HostException.Failed(error.toString())
        } catch (error: GeneralSecurityException) {
            throw HostException.Failed(error.toString())
        }
    }

    /** Forgets every network. */
    @Synchronized
    fun forgetAll() {
        file.delete()
    }

    internal companion object {
        /** More than anyone has at home. */
        const val MOST: Int = 16

        fun encode(networks: List<SavedNetwork>): ByteArray {
            val bytes = ByteArrayOutputStream()
            val out = DataOutputStream(bytes)
            for (network in networks) {
                out.writeByte(network.ssid.size)
                out.write(network.ssid)
                out.writeUTF(network.security.name)
                out.writeBoolean(network.hidden)
                val passphrase = network.passphrase
                out.writeByte(passphrase?.size ?: 0)
                out.write(passphrase ?: ByteArray(0))
            }
            return bytes.toByteArray()
        }

        /** What was written by a version that knew more is left out from there on. */
        fun decode(bytes: ByteArray): List<SavedNetwork> {
            val input = DataInputStream(ByteArrayInputStream(bytes))
            val networks = ArrayList<SavedNetwork>()
            try {
                while (input.available() > 0) {
                    val ssid = ByteArray(input.readUnsignedByte()).also(input::readFully)
                    val security = Security.valueOf(input.readUTF())
                    val hidden = input.readBoolean()
                    val passphrase = ByteArray(input.readUnsignedByte()).also(input::readFully)
                    networks += SavedNetwork(ssid, security, passphrase.takeIf { it.isNotEmpty() }, hidden)
                }
            } catch (_: IOException) {
                return networks
            } catch (_: IllegalArgumentException) {
                return networks
            }
            return networks
        }
    }
}
