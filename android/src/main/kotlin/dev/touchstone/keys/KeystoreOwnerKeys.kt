package dev.touchstone.keys

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import dev.touchstone.ffi.HostException
import dev.touchstone.ffi.OwnerKey
import java.io.File
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec

/**
 * One P-256 key for each device in Android Keystore, in the StrongBox where the phone has one. The private key never leaves it, and no backup holds it:
 * on another phone the device has to be reset.
 */
internal class KeystoreOwnerKeys(context: Context) : OwnerKey {
    private val strongBox = Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
        context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)
    private val marks = SentMarks(File(context.noBackupFilesDir, "touchstone/sent"))
    private val store: KeyStore by lazy { KeyStore.getInstance(PROVIDER).apply { load(null) } }

    @Synchronized
    override fun publicKey(ueid: ByteArray): ByteArray = told {
        val alias = alias(ueid)
        val certificate = store.getCertificate(alias) ?: run {
            generate(alias)
            store.getCertificate(alias)
        }
        Sec1.uncompressed(certificate.publicKey as ECPublicKey)
    }

    @Synchronized
    override fun sign(ueid: ByteArray, payload: ByteArray): ByteArray = told {
        val key = store.getKey(alias(ueid), null) as? PrivateKey ?: throw GeneralSecurityException("no key for this device")
        Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(payload)
            sign()
        }
    }

    @Synchronized
    override fun markSent(ueid: ByteArray, setUp: ByteArray?): Unit = told { marks.set(SentMarks.name(ueid), setUp) }

    @Synchronized
    override fun sent(ueid: ByteArray): ByteArray? = told { marks.get(SentMarks.name(ueid)) }

    @Synchronized
    override fun forget(ueid: ByteArray): Unit = told {
        store.deleteEntry(alias(ueid))
        marks.set(SentMarks.name(ueid), null)
    }

    private fun generate(alias: String) {
        if (strongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            try {
                return generate(spec(alias).setIsStrongBoxBacked(true).build())
            } catch (_: StrongBoxUnavailableException) {
                // Full, or without this curve: the trusted environment serves as well.
            }
        }
        generate(spec(alias).build())
    }

    private fun spec(alias: String) = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setDigests(KeyProperties.DIGEST_SHA256)

    private fun generate(spec: KeyGenParameterSpec) {
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER).run {
            initialize(spec)
            generateKeyPair()
        }
    }

    private fun alias(ueid: ByteArray) = "dev.touchstone.owner.${SentMarks.name(ueid)}"

    private inline fun <T> told(work: () -> T): T = try {
        work()
    } catch (error: GeneralSecurityException) {
        throw HostException.Failed(error.toString())
    } catch (error: ProviderException) {
        throw HostException.Failed(error.toString())
    } catch (error: IOException) {
        throw HostException.Failed(error.toString())
    }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
    }
}
