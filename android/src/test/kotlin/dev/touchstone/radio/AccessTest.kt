package dev.touchstone.radio

import kotlin.test.assertEquals
import kotlin.test.assertNull
import org.junit.jupiter.api.Test

class AccessTest {
    private val ready = Phone(api = 34, hasBluetooth = true, granted = true, bluetoothOn = true, locationOn = false)

    @Test
    fun `Android 12 and newer ask one question and never about location`() {
        assertEquals(listOf("android.permission.BLUETOOTH_SCAN", "android.permission.BLUETOOTH_CONNECT"), Access.permissions(31))
        assertEquals(Obstacle.None, Access.obstacle(ready, refused = false))
        assertEquals(Obstacle.Permission, Access.obstacle(ready.copy(granted = false), refused = false))
    }

    @Test
    fun `Android 11 and older need location, allowed and switched on`() {
        val old = ready.copy(api = 30)
        assertEquals(listOf("android.permission.ACCESS_FINE_LOCATION"), Access.permissions(30))
        assertEquals(Obstacle.Location, Access.obstacle(old.copy(granted = false), refused = false))
        assertEquals(Obstacle.LocationOff, Access.obstacle(old, refused = false))
        assertEquals(Obstacle.None, Access.obstacle(old.copy(locationOn = true), refused = false))
    }

    @Test
    fun `who has refused is sent to the settings and not asked again`() {
        val refused = Access.obstacle(ready.copy(granted = false), refused = true)
        assertEquals(Obstacle.Blocked, refused)
        assertEquals(Door.AppSettings, Access.door(refused))
        // Allowed there: the refusal is forgotten.
        assertEquals(Obstacle.None, Access.obstacle(ready, refused = true))
    }

    @Test
    fun `the permission comes before Bluetooth, which cannot be switched on without it`() {
        val both = ready.copy(granted = false, bluetoothOn = false)
        assertEquals(Door.PermissionDialog, Access.door(Access.obstacle(both, refused = false)))
        assertEquals(Door.BluetoothDialog, Access.door(Access.obstacle(ready.copy(bluetoothOn = false), refused = false)))
    }

    @Test
    fun `nothing is opened when nothing helps`() {
        assertNull(Access.door(Access.obstacle(ready.copy(hasBluetooth = false), refused = false)))
        assertNull(Access.door(Obstacle.None))
    }
}
