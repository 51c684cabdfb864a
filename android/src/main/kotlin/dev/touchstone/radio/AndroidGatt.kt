package dev.touchstone.radio

import android.annotation.SuppressLint
import android.bluetooth.BluetoothDevice
import android.bluetooth.BluetoothGatt
import android.bluetooth.BluetoothGattCallback
import android.bluetooth.BluetoothGattCharacteristic
import android.bluetooth.BluetoothGattDescriptor
import android.bluetooth.BluetoothProfile
import android.bluetooth.BluetoothStatusCodes
import android.content.Context
import android.os.Build
import java.util.UUID
import java.util.concurrent.Executor

/** The GATT client of Android behind a [LinkMachine]. Callbacks come on threads of Bluetooth's own and are carried to [thread]. */
@SuppressLint("MissingPermission") // A link is opened only after AndroidRadio has found the permission to be there; SecurityException is caught all the same.
internal class AndroidGatt(
    private val context: Context,
    private val device: BluetoothDevice,
    private val thread: Executor,
) : Gatt {
    private var client: BluetoothGatt? = null
    private var up: BluetoothGattCharacteristic? = null
    private var down: BluetoothGattCharacteristic? = null

    /** Takes the answers; set before [connect]. */
    lateinit var machine: LinkMachine

    private val callback = object : BluetoothGattCallback() {
        override fun onConnectionStateChange(gatt: BluetoothGatt, status: Int, newState: Int) = tell {
            when (newState) {
                BluetoothProfile.STATE_CONNECTED -> connected(status == BluetoothGatt.GATT_SUCCESS)
                BluetoothProfile.STATE_DISCONNECTED -> disconnected()
            }
        }

        override fun onMtuChanged(gatt: BluetoothGatt, mtu: Int, status: Int) = tell {
            mtuChanged(mtu, status == BluetoothGatt.GATT_SUCCESS)
        }

        override fun onServicesDiscovered(gatt: BluetoothGatt, status: Int) = tell {
            discovered(status == BluetoothGatt.GATT_SUCCESS)
        }

        override fun onDescriptorWrite(gatt: BluetoothGatt, descriptor: BluetoothGattDescriptor, status: Int) = tell {
            subscribed(status == BluetoothGatt.GATT_SUCCESS)
        }

        override fun onCharacteristicWrite(gatt: BluetoothGatt, characteristic: BluetoothGattCharacteristic, status: Int) = tell {
            written(status == BluetoothGatt.GATT_SUCCESS)
        }

        override fun onCharacteristicChanged(gatt: BluetoothGatt, characteristic: BluetoothGattCharacteristic, value: ByteArray) {
            if (characteristic.uuid == DOWN) tell { notified(value) }
        }

        @Deprecated("Before Android 13")
        override fun onCharacteristicChanged(gatt: BluetoothGatt, characteristic: BluetoothGattCharacteristic) {
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU || characteristic.uuid != DOWN) return
            // Copied here: the next notification overwrites it.
            @Suppress("DEPRECATION")
            val value = characteristic.value?.copyOf() ?: return
            tell { notified(value) }
        }

        override fun onServiceChanged(gatt: BluetoothGatt) = tell { disconnected() }
    }

    private fun tell(answer: LinkMachine.() -> Unit) = thread.execute { machine.answer() }

    override fun connect(): Boolean = attempt {
        client = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) {
            device.connectGatt(context, false, callback, BluetoothDevice.TRANSPORT_LE, BluetoothDevice.PHY_LE_1M_MASK)
        } else {
            device.connectGatt(context, false, callback, BluetoothDevice.TRANSPORT_LE)
        }
        client != null
    }

    override fun requestMtu(mtu: Int): Boolean = attempt { client?.requestMtu(mtu) == true }

    override fun discover(): Boolean = attempt { client?.discoverServices() == true }

    override fun hasService(): Boolean {
        val services = client?.services.orEmpty().filter { it.uuid == SERVICE }
        val service = services.singleOrNull() ?: return false
        val only = { uuid: UUID, property: Int ->
            service.characteristics.filter { it.uuid == uuid }.singleOrNull()?.takeIf { it.properties and property != 0 }
        }
        up = only(UP, BluetoothGattCharacteristic.PROPERTY_WRITE_NO_RESPONSE)
        down = only(DOWN, BluetoothGattCharacteristic.PROPERTY_NOTIFY)
        return up != null && down != null
    }

    override fun subscribe(): Boolean = attempt {
        val gatt = client
        val characteristic = down
        val descriptor = characteristic?.getDescriptor(CLIENT_CONFIGURATION)
        if (gatt == null || descriptor == null || !gatt.setCharacteristicNotification(characteristic, true)) {
            false
        } else if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            gatt.writeDescriptor(descriptor, BluetoothGattDescriptor.ENABLE_NOTIFICATION_VALUE) == BluetoothStatusCodes.SUCCESS
        } else {
            @Suppress("DEPRECATION")
            descriptor.setValue(BluetoothGattDescriptor.ENABLE_NOTIFICATION_VALUE) && gatt.writeDescriptor(descriptor)
        }
    }

    override fun write(fragment: ByteArray): WriteStart {
        val gatt = client
        val characteristic = up
        if (gatt == null || characteristic == null) return WriteStart.Failed
        return try {
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
                val begun = gatt.writeCharacteristic(characteristic, fragment, BluetoothGattCharacteristic.WRITE_TYPE_NO_RESPONSE)
                when (begun) {
                    BluetoothStatusCodes.SUCCESS -> WriteStart.Begun
                    BluetoothStatusCodes.ERROR_GATT_WRITE_REQUEST_BUSY -> WriteStart.Busy
                    else -> WriteStart.Failed
                }
            } else {
                @Suppress("DEPRECATION")
                val begun = with(characteristic) {
                    writeType = BluetoothGattCharacteristic.WRITE_TYPE_NO_RESPONSE
                    setValue(fragment) && gatt.writeCharacteristic(this)
                }
                // The old interface does not say why. A broken link soon says so itself.
                if (begun) WriteStart.Begun else WriteStart.Busy
            }
        } catch (_: SecurityException) {
            WriteStart.Failed
        }
    }

    override fun close() {
        attempt {
            client?.disconnect()
            client?.close()
            true
        }
        client = null
    }

    /** The permission can be taken away at any moment. */
    private inline fun attempt(operation: () -> Boolean): Boolean = try {
        operation()
    } catch (_: SecurityException) {
        false
    }

    internal companion object {
        /** docs/PROTOCOL.md section 1. */
        val SERVICE: UUID = UUID.fromString("4be0d8ac-bf3f-43a1-bd3b-96dac68773f8")
        val UP: UUID = UUID.fromString("44c26156-d329-4e26-8111-2de773b93b6e")
        val DOWN: UUID = UUID.fromString("a0d7805c-fad7-4d95-88e3-89fb4bb3f1f2")
        private val CLIENT_CONFIGURATION = UUID.fromString("00002902-0000-1000-8000-00805f9b34fb")
    }
}
